import platform

import pytest

from mmdrop.utils import memory_mib, peak_above, processor

linux = pytest.mark.skipif(platform.system() != 'Linux', reason='reads /proc')


def test_the_processor_has_a_name_where_the_system_tells_it():
    assert processor() == processor() and isinstance(processor(), str)


@linux
def test_the_peak_above_is_what_a_function_holds_at_once():
    held = peak_above(lambda: bytearray(64 * 2**20))  # zeros are not touched until written
    written = peak_above(lambda: bytes(range(256)) * (256 * 2**10))  # 64 MiB
    assert written >= 60 and written < 100 and held <= written + 1


@linux
def test_the_peak_is_at_least_what_is_held_now():
    assert memory_mib('VmHWM') >= 0.99 * memory_mib('VmRSS') > 0
