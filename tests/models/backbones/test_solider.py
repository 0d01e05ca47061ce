import argparse
import math

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.models import SwinTransformer

from mmdrop.models import SOLIDERSwin

ARCH = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2])


def solider(**kwargs):
    torch.manual_seed(0)
    model = SOLIDERSwin(ARCH, **kwargs)
    model.eval()  # which mmpretrain's Swin does not return
    return model


def level_sizes(model, height, width):
    return [tuple(level.shape[1:]) for level in model(torch.rand(1, 3, height, width))]


def test_levels_have_strides_4_to_32_and_maps_smaller_than_the_window_are_served():
    assert level_sizes(solider(), 64, 32) == [(8, 16, 8), (16, 8, 4), (32, 4, 2), (64, 2, 1)]


def test_a_neutral_controller_gives_mmpretrains_swin():
    model = solider()
    for embed in (*model.semantic_embed_w, *model.semantic_embed_b):
        torch.nn.init.zeros_(embed.weight)
        torch.nn.init.zeros_(embed.bias)
    for embed in model.semantic_embed_w:  # softplus(log(e - 1)) = 1
        torch.nn.init.constant_(embed.bias, math.log(math.e - 1))
    swin = SwinTransformer(ARCH, out_indices=(0, 1, 2, 3), pad_small_map=True)
    swin.eval()
    weights = {k: v for k, v in model.state_dict().items() if not k.startswith('semantic')}
    swin.load_state_dict(weights, strict=True)  # so the names are mmpretrain's
    image = torch.rand(2, 3, 64, 32)
    for ours, theirs in zip(model(image), swin(image), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_controller_acts_behind_the_patch_merging_of_each_stage():
    model = solider(semantic_weight=0.25)
    image = torch.rand(1, 3, 64, 32)
    with torch.no_grad():
        x, shape = model.patch_embed(image)
        for i, stage in enumerate(model.stages):
            x, shape = stage(x, shape, do_downsample=False)
            level = model.get_submodule(f'norm{i}')(x).reshape(1, *shape, -1).permute(0, 3, 1, 2)
            torch.testing.assert_close(model(image)[i], level)
            if i < 3:
                x, shape = stage.downsample(x, shape)
                w, b = model.semantic_embed_w[i], model.semantic_embed_b[i]
                scale = 0.25 * w.weight[:, 0] + 0.75 * w.weight[:, 1] + w.bias
                shift = 0.25 * b.weight[:, 0] + 0.75 * b.weight[:, 1] + b.bias
                x = x * (1 + scale.exp()).log() + shift


def test_the_controller_is_not_trained_and_the_rest_is():
    model = solider()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in model.named_parameters() if n.startswith('semantic_embed')}


def test_a_semantic_weight_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match='semantic_weight'):
        SOLIDERSwin(ARCH, semantic_weight=1.5)


def teacher(prefix='backbone.'):
    """A backbone as SOLIDER stores it: with a fourth controller, and a head beside it."""
    weights = {prefix + name: value for name, value in solider().state_dict().items()}
    weights |= {f'{prefix}semantic_embed_w.3.weight': torch.zeros(64, 2)}
    return weights | {'head.mlp.0.weight': torch.zeros(2, 2), 'classifier.weight': torch.zeros(2)}


FORMS = {
    'pretraining': lambda: dict(teacher=teacher(), epoch=3, args=argparse.Namespace(arch='swin')),
    'teacher': teacher,
    'fine-tuned': lambda: teacher('base.'),
}


@pytest.mark.parametrize('form', FORMS)
def test_each_form_of_a_checkpoint_fills_the_backbone(form, tmp_path):
    torch.save(FORMS[form](), tmp_path / 'swin.pth')
    init_cfg = dict(type='Pretrained', checkpoint=f'solider://{tmp_path}/swin.pth')
    torch.manual_seed(1)
    model = SOLIDERSwin(ARCH, init_cfg=init_cfg)
    model.init_weights()
    expected = solider().state_dict()
    for name, value in model.state_dict().items():
        assert value.equal(expected[name]), name


def load(path):
    return CheckpointLoader.load_checkpoint(f'solider://{path}')


def test_a_missing_file_and_a_wrong_one_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'swin\.pth does not exist: download'):
        load(tmp_path / 'swin.pth')
    torch.save({'layer1.weight': torch.zeros(1)}, tmp_path / 'resnet.pth')
    with pytest.raises(ValueError, match=r'resnet\.pth has no parameters named backbone'):
        load(tmp_path / 'resnet.pth')


class Code:
    def __reduce__(self):
        return print, ('executed',)


def test_a_checkpoint_cannot_run_code(tmp_path, capsys):
    torch.save(dict(teacher=teacher(), args=Code()), tmp_path / 'evil.pth')
    with pytest.raises(Exception, match=r'evil\.pth was not read|Weights only load failed'):
        load(tmp_path / 'evil.pth')
    assert 'executed' not in capsys.readouterr().out
