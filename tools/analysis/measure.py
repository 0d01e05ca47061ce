"""What the benchmark scripts beside this file share."""

import csv
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import torch


def memory_mib(field: str) -> float:
    """A line of ``/proc/self/status`` (Linux) in MiB: ``'VmRSS'`` now, ``'VmHWM'`` the peak."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def peak_above(function: Callable[[], object]) -> float:
    """Peak resident memory in MiB while ``function`` runs, above that before."""
    Path('/proc/self/clear_refs').write_text('5')  # sets the high-water mark to the present
    before = memory_mib('VmRSS')
    function()
    return memory_mib('VmHWM') - before


def seconds(function: Callable[..., object], *args: object, **kwargs: object) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def processor() -> str:
    """Name of the processor, where Linux tells it."""
    path = Path('/proc/cpuinfo')
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(':')[1].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor()


def write_row(row: dict, out: Path | None) -> None:
    """Print a CSV line with the versions and the threads, and append it to a file if one is given.

    Args:
        row: Columns of the line; ``torch`` and ``threads`` are added.
        out: CSV file; the header is written when it is new.
    """
    row = row | {'torch': torch.__version__, 'threads': torch.get_num_threads()}
    _write(row, sys.stdout, header=True)
    if out:
        new = not out.exists()
        with out.open('a', newline='') as file:
            _write(row, file, header=new)


def _write(row: dict, file: TextIO, header: bool) -> None:
    writer = csv.DictWriter(file, row)
    if header:
        writer.writeheader()
    writer.writerow(row)
