"""Read and prepare images in threads, some batches ahead of the network."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar('_Item')
_Result = TypeVar('_Result')


def read_ahead(
    function: Callable[[_Item], _Result], items: Iterable[_Item], workers: int, ahead: int
) -> Iterator[_Result]:
    """Yield ``function(item)`` of each item, in order, computed in threads before it is asked for.

    Images are decoded and resized by libraries that let other threads run.

    Args:
        function: What to do; an exception of it is raised at the item's turn.
        items: Taken as they are needed, at most ``ahead`` before their results.
        workers: Threads; 0 works in the caller's.
        ahead: Results to hold.
    """
    if not workers:
        yield from map(function, items)
        return
    pending: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(workers, 'mmdrop-reader') as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:  # Ctrl-C waits for what is being read, and for nothing else
            for future in pending:
                future.cancel()
