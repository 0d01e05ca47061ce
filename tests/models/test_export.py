"""Models leave PyTorch: torch.export, torch.jit, and names that generated code can hold."""

import io

import pytest
import torch
from mmengine.runner import load_checkpoint
from torch import nn

from mmdrop.models import GlobalReIDHead, StripeReIDHead
from mmdrop.registry import MODELS

HRNET = dict(
    stage1=dict(
        num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(4,)
    ),
    stage2=dict(
        num_modules=1, num_branches=2, block='BASIC', num_blocks=(1, 1), num_channels=(4, 8)
    ),
    stage3=dict(
        num_modules=1, num_branches=3, block='BASIC', num_blocks=(1,) * 3, num_channels=(4, 8, 16)
    ),
    stage4=dict(
        num_modules=1,
        num_branches=4,
        block='BASIC',
        num_blocks=(1,) * 4,
        num_channels=(4, 8, 16, 32),
    ),
)
RESNET = dict(base_channels=8, stem_channels=8, out_indices=(0, 1, 2, 3), strides=(1, 2, 2, 1))
# The second block of a stage is the one that shifts its windows.
SWIN = dict(arch=dict(embed_dims=8, depths=[2, 1, 1, 1], num_heads=[1, 1, 2, 2]))
LEVELS = dict(out_indices=(0, 1, 2, 3))

# Small models of every family of backbones: config, channels of the levels.
BACKBONES = {
    'hrnet': (dict(type='mmpretrain.HRNet', extra=HRNET), [4, 8, 16, 32]),
    'resnet': (dict(type='mmpretrain.ResNet', depth=18, **RESNET), [8, 16, 32, 64]),
    'resnet-ibn': (dict(type='ResNetIBN', depth=50, **RESNET), [32, 64, 128, 256]),
    'swin': (
        dict(type='mmpretrain.SwinTransformer', img_size=64, pad_small_map=True, **SWIN, **LEVELS),
        [8, 16, 32, 64],
    ),
    'solider': (dict(type='SOLIDERSwin', **SWIN), [8, 16, 32, 64]),
    'convnext': (
        dict(
            type='mmpretrain.ConvNeXt',
            arch=dict(depths=[1] * 4, channels=[8, 16, 24, 32]),
            gap_before_final_norm=False,
            **LEVELS,
        ),
        [8, 16, 24, 32],
    ),
    'mobilenetv2': (
        dict(type='mmpretrain.MobileNetV2', widen_factor=0.25, out_indices=(1, 2, 4, 6)),
        [8, 8, 24, 80],
    ),
}


def drop(backbone, channels, **head):
    """DROP with all of its parts and numbers that no normalisation leaves as they were."""
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='DROP',
            backbone=backbone,
            reid_neck=dict(type='UpsampleConcat'),
            parsing_neck=dict(type='DPU', in_channels=channels, out_channels=8),
            parsing_head=dict(
                type='ParsingHead',
                in_channels=8,
                num_parts=2,
                position_encoder=dict(type='PedestrianPositionEncoder', channels=8),
            ),
            reid_head=dict(
                type='PartReIDHead',
                num_classes=2,
                in_channels=sum(channels),
                num_parts=2,
                embed_channels=8,
                **head,
            ),
        )
    )
    return with_statistics(model)


def with_statistics(model):
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    model.eval()
    return model


def check_export(model, size=(64, 32)):
    check_equal(export(model, size).module(), model, size)


def export(model, size):
    return torch.export.export(
        model,
        (torch.randn(2, 3, *size),),
        dynamic_shapes=({0: torch.export.Dim('batch', min=1, max=1024)},),
    )


def check_equal(program, model, size):
    for batch in (1, 2, 5):
        inputs = torch.randn(batch, 3, *size)
        with torch.no_grad():
            torch.testing.assert_close(program(inputs), model(inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('name', BACKBONES)
def test_an_exported_model_takes_batches_of_any_size(name):
    check_export(drop(*BACKBONES[name]))


@pytest.mark.parametrize(
    'own',
    [
        dict(type='mmpretrain.TIMMBackbone'),
        dict(type='GeneralTIMMBackbone', ibn_stages=('blocks.1',), mix_stages=('blocks.0',)),
    ],
)
def test_a_backbone_of_timm_is_exported(own):
    pytest.importorskip('timm')
    backbone = dict(
        **own,
        model_name='tf_efficientnet_lite0',
        features_only=True,
        out_indices=(1, 2, 3, 4),
    )
    check_export(drop(backbone, [24, 40, 112, 320]))


HEADS = [
    dict(type=GlobalReIDHead, num_classes=2, in_channels=64, embed_channels=8),
    dict(type=StripeReIDHead, num_classes=2, in_channels=64, num_stripes=3, embed_channels=8),
    dict(
        type=StripeReIDHead,
        num_classes=2,
        in_channels=64,
        num_stripes=3,
        parts_identity='concat',
        test_pooled=True,
    ),
]


def without_parsing(head):
    torch.manual_seed(0)
    backbone = dict(BACKBONES['resnet'][0], out_indices=(3,))
    reid_neck = dict(type='UpsampleConcat')
    model = MODELS.build(dict(type='DROP', backbone=backbone, reid_neck=reid_neck, reid_head=head))
    return with_statistics(model)


def test_an_exported_model_is_saved_and_read_again():
    model = without_parsing(HEADS[0])
    exported = export(model, (64, 32)).run_decompositions()
    saved = io.BytesIO()
    torch.export.save(exported, saved)
    saved.seek(0)
    program = torch.export.load(saved).module()
    compile(program.code, 'generated', 'exec')
    check_equal(program, model, (64, 32))


@pytest.mark.parametrize('name', ['resnet', 'solider'])
def test_a_traced_model_takes_batches_of_any_size(name):
    model = drop(*BACKBONES[name])
    check_equal(torch.jit.trace(model, torch.randn(2, 3, 64, 32)), model, (64, 32))


def test_prediction_into_samples_is_not_exported_but_named():
    model = without_parsing(HEADS[0])
    with pytest.raises(ValueError, match="mode='tensor'"):
        torch.export.export(model, (torch.randn(2, 3, 64, 32), None, 'predict'))


@pytest.mark.parametrize('head', HEADS, ids=['global', 'stripes', 'pooled stripes'])
def test_heads_without_parsing_are_exported(head):
    check_export(without_parsing(head))


@pytest.mark.parametrize(
    'head',
    [
        dict(visibility='argmax', global_weight=0.0),
        dict(pooling=dict(type='WAP'), foreground_pooling=dict(type='WAP', normalize=False)),
        dict(pooling=dict(type='WAMP', mode='concat'), parts_identity='each', foreground_weight=0),
    ],
    ids=['argmax', 'wap', 'concat'],
)
def test_variants_of_the_part_head_are_exported(head):
    check_export(drop(*BACKBONES['resnet'], **head))


def old_names(model):
    """State dict as it was written before the necks bore the prefix ``id_``."""
    return {
        key.replace('.necks.id_', '.necks.'): value.clone()
        for key, value in model.state_dict().items()
    }


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('head', HEADS, ids=['global', 'stripes', 'concat'])
def test_a_checkpoint_with_the_old_names_of_the_necks_loads(head, prefix, tmp_path):
    model, other = without_parsing(head), without_parsing(head)
    for value in other.parameters():
        nn.init.constant_(value, 0.5)
    state = old_names(model)
    assert not state.keys() <= model.state_dict().keys()
    path = tmp_path / 'old.pth'
    torch.save(dict(state_dict={prefix + key: value for key, value in state.items()}), path)
    load_checkpoint(other, str(path), map_location='cpu', strict=True)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value)


def test_old_names_load_strictly_into_a_part_of_another_module():
    model = drop(*BACKBONES['resnet'], parts_identity='each')
    state = {f'inner.0.{key}': value for key, value in old_names(model).items()}
    outer = nn.Module()
    outer.inner = nn.ModuleList([drop(*BACKBONES['resnet'], parts_identity='each')])
    outer.load_state_dict(state, strict=True)
    assert state.keys() == {f'inner.0.{key}' for key in old_names(model)}  # the file's own dict
