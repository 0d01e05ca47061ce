from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.models import VisionTransformer
from torch import nn

from mmdrop.engine import check_prediction, compare_state_dict, load_fitting, weights_of
from mmdrop.models import GlobalReIDHead, HCTLoss, PartMemoryBank, PCTLoss
from mmdrop.registry import MODELS

ROOT = Path(__file__).parents[3]


def net():
    torch.manual_seed(0)
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 2, 3), norm=nn.BatchNorm2d(2)))


def head(num_classes=4, loss=PCTLoss):
    torch.manual_seed(num_classes)
    model = nn.Module()
    model.head = GlobalReIDHead(
        num_classes, 6, 8, triplet_loss=dict(type=loss), memory_bank=dict(type=PartMemoryBank)
    )
    return model


def test_missing_unexpected_and_other_shapes_are_told_apart():
    model, weights = net(), net().state_dict()
    del weights['norm.bias']
    weights['conv.weight'] = torch.zeros(2, 3, 3, 3)
    weights['fc.weight'] = torch.zeros(5)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fit = compare_state_dict(model, weights)
    assert fit.missing == {'norm.bias': 2} and fit.unexpected == ['fc.weight']
    assert fit.other_shapes == {'conv.weight': ((2, 3, 3, 3), (2, 1, 3, 3))}
    assert set(fit.fitting) == {'conv.bias', 'norm.weight', 'norm.running_mean', 'norm.running_var'}
    # 4 of 6 tensors, but 8 of 28 numbers
    assert fit.share == pytest.approx(8 / 28) and not fit.is_whole
    assert '1 missing (norm.bias)' in str(fit) and '(2, 3, 3, 3) in the file' in str(fit)
    torch.testing.assert_close(dict(model.state_dict()), before)
    assert 'fc.weight' in weights and len(weights) == 7


def test_loading_what_fits_leaves_the_rest_alone():
    model, weights = net(), net().state_dict()
    kept = model.conv.weight.clone()
    weights['conv.weight'] = torch.zeros(1)
    weights['conv.bias'] = torch.tensor([5.0, 6.0])
    load_fitting(model, weights)
    assert model.conv.bias.tolist() == [5, 6] and torch.equal(model.conv.weight, kept)


def test_a_state_dict_of_the_model_itself_is_whole():
    for model in (net(), head(), head(loss=HCTLoss)):
        assert compare_state_dict(model, model.state_dict()).is_whole


def test_old_weights_need_not_count_batches():
    weights = {k: v for k, v in net().state_dict().items() if 'num_batches' not in k}
    assert compare_state_dict(net(), weights).is_whole
    assert compare_state_dict(net(), {}).share == 0


@pytest.mark.parametrize('nest', [lambda s: s, lambda s: dict(state_dict=s, meta={})])
@pytest.mark.parametrize('prefix', ['', 'module.', 'module.module.'])
def test_nesting_and_prefixes_of_distributed_training_are_seen_through(nest, prefix):
    state = {prefix + key: value for key, value in net().state_dict().items()}
    assert compare_state_dict(net(), weights_of(nest(state))).is_whole


@pytest.mark.parametrize('content', [[1], 3, torch.ones(2), {'state_dict': None}, {1: 2}])
def test_what_holds_no_state_dict_is_refused(content):
    with pytest.raises(ValueError, match='no state dict'):
        weights_of(content)


def test_a_part_is_taken_by_its_prefix():
    state = {f'backbone.{key}': value for key, value in net().state_dict().items()}
    for prefix in ('backbone', 'backbone.'):
        assert compare_state_dict(net(), weights_of(state, prefix)).is_whole
    assert compare_state_dict(net(), weights_of(state, 'back')).share == 0


def test_old_names_of_identity_necks_fit():
    state = head().state_dict()
    state = {key.replace('necks.id_global', 'necks.global'): v for key, v in state.items()}
    assert any('necks.global' in key for key in state)
    assert compare_state_dict(head(), state).is_whole


def test_a_bank_of_any_size_fits():
    full = head()
    full.head.bank.train()(torch.ones(3, 1, 8), torch.arange(3), torch.ones(3, 1).bool())
    assert full.head.bank.pids.numel() == 3
    model = head()
    assert compare_state_dict(model, full.state_dict()).is_whole
    assert model.head.bank.pids.numel() == 0


def test_modules_that_resize_what_they_load_are_taken_at_their_word():
    def vit(size):
        arch = dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8)
        return VisionTransformer(arch, img_size=size, patch_size=16)

    assert vit(32).pos_embed.shape != vit(64).pos_embed.shape
    assert compare_state_dict(vit(32), vit(64).state_dict()).is_whole


def test_predictions_do_not_need_classifiers_banks_and_centres():
    model = head(4, HCTLoss)
    for other in (head(9, HCTLoss), head(9, PCTLoss)):
        fit = compare_state_dict(model, other.state_dict())
        assert not fit.is_whole and fit.of_prediction(model).is_whole
        check_prediction(model, fit, 'x.pth')
    weights = {k: v for k, v in head().state_dict().items() if 'classifier' not in k}
    check_prediction(model, compare_state_dict(model, weights), 'x.pth')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            lambda s: s.pop('head.reduce_global.0.bias'),
            r'1 missing \(head\.reduce_global\.0\.bias\)',
        ),
        (lambda s: s.update(extra=torch.ones(1)), r'1 unexpected \(extra\)'),
        (
            lambda s: s.update({'head.reduce_global.0.bias': torch.ones(3)}),
            r'\(head\.reduce_global\.0\.bias \(3,\) in the file and \(8,\) in the model\)',
        ),
        (dict.clear, r'fills 0: \d+ missing'),
    ],
)
def test_weights_that_predict_otherwise_are_refused(change, message):
    model, state = head(), dict(head().state_dict())
    change(state)
    with pytest.raises(ValueError, match=rf'^x\.pth: .*{message}.*trained with another config'):
        check_prediction(model, compare_state_dict(model, state), 'x.pth')


@pytest.mark.parametrize('name', ['drop_demo', 'study/pcb_hct', 'bpbreid_resnet50_occduke'])
def test_models_of_recipes_predict_with_the_weights_of_other_identities(name):
    cfg = Config.fromfile(ROOT / f'configs/{name}.py')
    model = MODELS.build(cfg.model)
    cfg.model.reid_head.num_classes = 3
    fit = compare_state_dict(MODELS.build(cfg.model), model.state_dict())
    assert fit.other_shapes and fit.of_prediction(model).is_whole
