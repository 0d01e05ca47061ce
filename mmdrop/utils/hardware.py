"""What the machine is, and what memory a process takes (Linux)."""

import platform
from collections.abc import Callable
from pathlib import Path


def processor() -> str:
    """Name of the processor, where Linux tells it."""
    path = Path('/proc/cpuinfo')
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(':')[1].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor()


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
