import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmpretrain.models import LeNet5, TIMMBackbone

import mmdrop.models
from mmdrop.registry import MODELS, SCOPE
from mmdrop.zoo import name_types, only_registered


def test_classes_become_the_names_that_build_them():
    config = dict(
        type=mmdrop.models.DROP,
        backbone=dict(type=TIMMBackbone, out_indices=(1, 2), pretrained=False),
        parsing_neck=dict(type='DPU', in_channels=[1]),
        data_preprocessor=dict(type='mmengine.ImgDataPreprocessor', mean=None),
    )
    assert name_types(config, MODELS) == dict(
        type='DROP',
        backbone=dict(type='mmpretrain.TIMMBackbone', out_indices=[1, 2], pretrained=False),
        parsing_neck=dict(type='DPU', in_channels=[1]),
        data_preprocessor=dict(type='ImgDataPreprocessor', mean=None),
    )


def test_a_name_is_built_from_as_the_class_is():
    named = name_types(dict(type=LeNet5), MODELS)
    with only_registered(), DefaultScope.overwrite_default_scope(SCOPE):
        assert type(MODELS.build(named)) is LeNet5


class Unregistered:
    pass


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (dict(type=Unregistered), r'register_module'),
        (dict(type='os.system'), r'register_module'),
        (dict(scale=np.ones(2)), 'plain values, and no ndarray'),
        (dict(function=len), 'plain values'),
    ],
)
def test_what_no_file_can_hold_is_refused(config, message):
    with only_registered(), pytest.raises(ValueError, match=message):
        name_types(config, MODELS)


def test_nothing_is_imported_by_its_name():
    with only_registered():
        assert MODELS.get('os.system') is None
    assert MODELS.get('os.getcwd') is not None  # as MMEngine does elsewhere
