"""Settings for training on a CPU."""

import ctypes
import ctypes.util

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # <malloc.h>


def keep_freed_memory() -> None:
    """Ask glibc to keep freed blocks instead of returning them to the kernel.

    By default every large tensor is mapped when it is made and unmapped when it is freed, so each
    training step faults all its pages in again. Nothing is done where glibc is absent.
    """
    name = ctypes.util.find_library('c')
    libc = ctypes.CDLL(name) if name else None
    if not hasattr(libc, 'mallopt'):
        return
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
    libc.mallopt(_M_TOP_PAD, 2**26)
