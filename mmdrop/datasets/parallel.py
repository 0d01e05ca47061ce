"""Work on many files in several processes, with a progress bar."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
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

    def watch(results: Iterator[Any]) -> Iterator[Any]:
        return show_progress(results, len(items), description, quiet)

    if processes == 1:
        yield from watch(map(function, items))
        return
    # Ctrl-C is for this process, which ends the others; each of them would print a traceback.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.Pool(processes, signal.signal, ignore) as pool:
        yield from watch(pool.imap(function, items, chunksize=32))


def show_progress(
    results: Iterable[Any], number: int, description: str, quiet: bool = False
) -> Iterator[Any]:
    """Pass results on under a progress bar on stderr.

    Args:
        results: The results.
        number: How many they will be.
        description: Stands in front of the bar.
        quiet: Show no bar.
    """
    console = Console(stderr=True, quiet=quiet)
    return iter(track(results, description, number, console=console, transient=True))
