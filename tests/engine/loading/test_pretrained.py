import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope

from mmdrop.engine import check_pretrained
from mmdrop.registry import MODELS

BACKBONE = dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8)


@pytest.fixture(scope='module')
def weights():
    torch.manual_seed(1)
    model = MODELS.build(dict(BACKBONE))
    return {key: torch.full_like(value, 2) for key, value in model.state_dict().items()}


@pytest.fixture
def saved(weights, tmp_path):
    """Save a state dict, possibly changed, and return the config of a model that begins from it."""

    def save(change=lambda state: state, prefix=None):
        torch.save(dict(state_dict=change(dict(weights))), tmp_path / 'weights.pth')
        init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.pth'))
        if prefix:
            init_cfg['prefix'] = prefix
        return ConfigDict(type='DROP', backbone=dict(**BACKBONE, init_cfg=init_cfg))

    return save


def begin(model):
    """Build and initialise the backbone as a run does."""
    with DefaultScope.overwrite_default_scope('mmdrop'):
        backbone = MODELS.build(model.backbone)
        backbone.init_weights()
    return backbone


def below(prefix):
    return lambda state: {f'{prefix}.{key}': value for key, value in state.items()}


def as_classifier(state):
    return {**below('backbone')(state), 'head.fc.weight': torch.ones(5, 64)}


@pytest.mark.parametrize(
    ('change', 'prefix'),
    [(dict, None), (below('module'), None), (as_classifier, 'backbone'), (below('a.b'), 'a.b.')],
)
def test_weights_that_fit_are_loaded(saved, change, prefix):
    model = saved(change, prefix)
    check_pretrained(model)
    backbone = begin(model)
    assert all((value == 2).all() for value in backbone.parameters())


@pytest.mark.parametrize(
    ('change', 'prefix', 'hint'),
    [
        (lambda state: {'conv9.weight': torch.zeros(3)}, None, '1 unexpected'),
        (lambda state: {}, None, 'missing'),
        (lambda state: {k: torch.ones(7) for k in state}, None, 'of another shape'),
        (as_classifier, None, "Set prefix='backbone' in init_cfg"),
        (as_classifier, 'model', "Set prefix='backbone' in init_cfg"),
        (dict, 'backbone', 'Set prefix=None in init_cfg'),
        # Batch norms alone are most of the tensors, and few of the numbers.
        (lambda state: {k: v for k, v in state.items() if v.ndim < 2}, None, 'missing'),
        # The last stage alone is most of the numbers, and few of the tensors.
        (lambda state: {k: v for k, v in state.items() if 'layer4' in k}, None, 'missing'),
    ],
)
def test_weights_of_another_network_are_refused_before_and_when_a_run_begins(
    saved, change, prefix, hint
):
    model = saved(change, prefix)
    with pytest.raises(ValueError, match=rf'model\.backbone\.init_cfg: .*weights\.pth.*{hint}'):
        check_pretrained(model)
    with pytest.raises(ValueError, match=r'weights\.pth does not hold weights of this ResNet'):
        begin(model)


def test_what_is_left_out_is_named_in_one_line(saved, caplog, monkeypatch):
    lines = []
    monkeypatch.setattr(
        'mmdrop.engine.loading.pretrained.print_log', lambda text, *_: lines.append(text)
    )
    model = saved(lambda state: {k: v for k, v in state.items() if k != 'layer1.0.conv1.weight'})
    check_pretrained(model)
    kept = begin(model).layer1[0].conv1.weight
    assert not (kept == 2).all()
    (line,) = lines
    assert '1 missing (layer1.0.conv1.weight)' in line and '\n' not in line


def test_a_list_of_initialisations_is_looked_through(saved):
    model = saved(lambda state: {})
    model.backbone.init_cfg = [dict(type='Kaiming', layer='Conv2d'), model.backbone.init_cfg]
    with pytest.raises(ValueError, match='does not hold weights'):
        check_pretrained(model)
