import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import mmdrop.engine  # noqa: F401  # as tools/train.py, it lets configs inherit from packages
from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

PLUGIN = Path(__file__).parents[1] / 'projects' / 'example_plugin'


@pytest.fixture
def config(monkeypatch):
    monkeypatch.syspath_prepend(PLUGIN)
    return Config.fromfile(PLUGIN / 'configs' / 'drop_demo_my_neck.py')


def test_the_config_of_another_package_builds_and_trains_its_own_neck(config):
    model = MODELS.build(config.model)
    neck = model.parsing_neck
    assert type(neck).__module__ == 'example_plugin.necks'
    samples = [
        ReIDDataSample(
            gt_label=label,
            gt_sem_seg=torch.randint(0, model.parsing_head.num_parts + 1, (64, 32)).byte(),
            metainfo=dict(num_parts=model.parsing_head.num_parts, img_path='a.jpg'),
        )
        for label in (0, 0, 1, 1)
    ]
    model.parse_losses(model(torch.randn(4, 3, 64, 32), samples, mode='loss'))[0].backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_the_plugin_changes_nothing_but_the_neck(config):
    demo = Config.fromfile(PLUGIN.parents[1] / 'configs' / 'drop_demo.py')
    changed, original = config.to_dict(), demo.to_dict()
    assert changed['model'].pop('parsing_neck') != original['model'].pop('parsing_neck')
    assert changed == original


def test_the_parsing_feature_has_the_size_of_the_finest_level(config):
    neck = config.model.parsing_neck
    levels = [torch.randn(2, neck.in_channels, 16, 8), torch.randn(2, 64, 8, 4)]
    assert MODELS.build(neck)(levels).shape == (2, neck.out_channels, 16, 8)


def test_the_files_that_the_readme_names_exist():
    text = (PLUGIN / 'README.md').read_text()
    named = set(re.findall(r'(?:example_plugin|configs)/\w+\.py', text))
    assert named and all((PLUGIN / name).is_file() for name in named)
