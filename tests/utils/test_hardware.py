import multiprocessing
import platform

import pytest

from mmdrop.utils import memory_mib, peak_above, processor

linux = pytest.mark.skipif(platform.system() != 'Linux', reason='reads /proc')


def test_the_processor_has_a_name_where_the_system_tells_it():
    assert processor() == processor() and isinstance(processor(), str)


def hold_zeros():
    return bytearray(64 * 2**20)  # not touched until written


def hold_written():
    return bytes(range(256)) * (256 * 2**10)  # 64 MiB


@linux
def test_the_peak_above_is_what_a_function_holds_at_once():
    # In a process of its own: this one may hold freed memory that a function would take first.
    with multiprocessing.get_context('spawn').Pool(1) as fresh:
        held, written = fresh.map(peak_above, (hold_zeros, hold_written), chunksize=1)
    assert written >= 60 and written < 100 and held <= written + 1


@linux
def test_the_peak_is_at_least_what_is_held_now():
    assert memory_mib('VmHWM') >= 0.99 * memory_mib('VmRSS') > 0
