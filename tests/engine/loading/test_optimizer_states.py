import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from mmdrop.engine.loading.optimizer_states import optimizer_misfits


def wrapper(kind, model, groups=1, **options):
    parameters = list(model.parameters())
    size = -(-len(parameters) // groups)
    chunks = [dict(params=parameters[i : i + size]) for i in range(0, len(parameters), size)]
    return OptimWrapper(kind(chunks, lr=0.1, **options))


def trained(kind, model=None, **options):
    """State of an optimiser that has made a step."""
    model = model or nn.Linear(3, 2)
    optimizer = wrapper(kind, model, **options)
    optimizer.update_params(model(torch.ones(1, 3)).sum())
    return optimizer.state_dict()


def misfits(saved, kind, model=None, **options):
    model = model or nn.Linear(3, 2)
    return list(optimizer_misfits(wrapper(kind, model, **options), saved, model))


KINDS = [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.RMSprop]


@pytest.mark.parametrize('saved', KINDS)
@pytest.mark.parametrize('own', KINDS)
def test_only_the_same_kind_of_optimiser_fits(saved, own):
    found = misfits(trained(saved), own)
    assert bool(found) == (saved is not own)
    if found:
        assert 'another optimiser than ' + own.__name__ in found[0]


def test_other_rates_and_decays_are_no_misfit():
    saved = trained(torch.optim.SGD, momentum=0.9)
    assert not misfits(saved, torch.optim.SGD, weight_decay=0.1, nesterov=False)


def test_options_that_older_versions_did_not_have_may_be_missing():
    saved = trained(torch.optim.Adam)
    for group in saved['param_groups']:
        for key in ('decoupled_weight_decay', 'fused', 'capturable'):
            group.pop(key, None)
    assert not misfits(saved, torch.optim.Adam)


def test_other_numbers_of_groups_and_parameters_are_counted():
    saved = trained(torch.optim.Adam)
    (found,) = misfits(saved, torch.optim.Adam, groups=2)
    assert found.startswith('2 parameters in 1 groups, but Adam of the run has 2 parameters in 2')
    (found,) = misfits(saved, torch.optim.Adam, nn.Linear(3, 2, bias=False))
    assert 'has 1 parameters in 1 groups' in found


def test_state_of_another_shape_is_named():
    saved = trained(torch.optim.Adam, nn.Linear(3, 5))
    (found,) = misfits(saved, torch.optim.Adam)
    assert found == 'exp_avg (5, 3) for weight, which is (2, 3) in the run'


def test_several_optimisers_are_compared_by_name():
    model = nn.Linear(3, 2)
    own = OptimWrapperDict(a=wrapper(torch.optim.Adam, model))
    assert not list(optimizer_misfits(own, dict(a=trained(torch.optim.Adam)), model))
    assert list(optimizer_misfits(own, dict(b=trained(torch.optim.Adam)), model))
    assert list(optimizer_misfits(own, dict(a=trained(torch.optim.SGD)), model))
    assert misfits(dict(a=trained(torch.optim.SGD)), torch.optim.SGD)
