"""What the benchmark scripts beside this file share."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from mmdrop.utils import csv_text


def seconds(function: Callable[..., object], *args: object, **kwargs: object) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def write_row(row: dict, out: Path | None) -> None:
    """Print a CSV line with the versions and the threads, and append it to a file if one is given.

    Args:
        row: Columns of the line; ``torch`` and ``threads`` are added.
        out: CSV file; the header is written when it is new.
    """
    row = row | {'torch': torch.__version__, 'threads': torch.get_num_threads()}
    print(csv_text([row], list(row), digits=None), end='')
    if out:
        new = not out.exists()
        with out.open('a', newline='') as file:
            file.write(csv_text([row], list(row), header=new, digits=None))
