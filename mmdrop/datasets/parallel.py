"""Work on many files in several processes, with a progress bar."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import track


def map_parallel(
    function: Callable[[Any], Any],
    items: Sequence,
    description: str,
    processes: int | None = None,
    quiet: bool = False,
) -> Iterator[Any]:
    """Yield ``function(item)`` of each item, in order, under a progress bar on stderr.

    Args:
        function: Called in another process, so it must be importable; an exception of it ends all.
        items: What to work on.
        description: Stands in front of the bar.
        processes: Number of processes, one for each core if left out; 1 works in this process.
        quiet: Show no bar.
    """
    processes = min(processes or os.cpu_count() or 1, max(1, len(items) // 64))
    console = Console(stderr=True, quiet=quiet)

    def watch(results: Iterator[Any]) -> Iterator[Any]:
        return iter(track(results, description, len(items), console=console, transient=True))

    if processes == 1:
        yield from watch(map(function, items))
        return
    # Ctrl-C is for this process, which ends the others; each of them would print a traceback.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.Pool(processes, signal.signal, ignore) as pool:
        yield from watch(pool.imap(function, items, chunksize=32))
