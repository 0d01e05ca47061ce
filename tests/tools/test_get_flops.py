import sys
from importlib import import_module
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'analysis'))  # the tools are scripts, not a package
get_flops = import_module('get_flops')


def test_operations_of_the_decoupled_neck_are_those_of_its_convolutions():
    header, *lines = get_flops.count(
        Config.fromfile(ROOT / 'configs/drop_hrnet32_occduke.py'), (256, 128)
    )
    assert header == ['component', 'parameters (M)', 'operations (G)']
    parameters, operations = ({line[0]: float(line[i]) for line in lines} for i in (1, 2))
    channels, pixels = (128, 256, 512, 1024), (64 * 32, 32 * 16, 16 * 8, 8 * 4)
    # 1×1 convolutions to 128 channels, each with a batch norm of two numbers a channel
    assert parameters['parsing_neck'] == round((sum(channels) * 128 + 4 * 2 * 128) / 1e6, 3)
    products = sum(128 * c * n for c, n in zip(channels, pixels, strict=True)) / 1e9
    assert products < operations['parsing_neck'] < 1.1 * products  # and batch norm, resizing
    for numbers in (parameters, operations):
        assert sum(numbers.values()) == pytest.approx(2 * numbers['model'], abs=0.003)


def test_resizing_is_counted_at_the_size_of_its_result():
    cfg = Config.fromfile(ROOT / 'configs/drop_hrnet32_occduke.py')
    assert get_flops.input_size(cfg) == (256, 128)
    assert get_flops.input_size(Config.fromfile(ROOT / 'configs/study/drop.py')) == (128, 64)
    neck = next(line for line in get_flops.count(cfg, (256, 128)) if line[0] == 'reid_neck')
    # Three levels of 256, 512 and 1024 channels come to 64×32; four operations a number.
    assert float(neck[2]) == pytest.approx(4 * (256 + 512 + 1024) * 64 * 32 / 1e9, abs=5e-4)
