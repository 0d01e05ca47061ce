import pytest
import torch
from mmengine.hooks import Hook
from quick_runs import runner

from mmdrop.engine.finite_weights import first_non_finite


class Break(Hook):
    """After an iteration, put a value into a weight, a buffer or the optimiser."""

    def __init__(self, iteration, where, value):
        self.iteration, self.where, self.value = iteration, where, value

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            weight = runner.model.weight
            places = dict(weight=weight.data, steps=runner.model.steps)
            places['exp_avg'] = runner.optim_wrapper.optimizer.state[weight]['exp_avg']
            places[self.where].fill_(self.value)


@pytest.mark.parametrize(
    ('where', 'value', 'name'),
    [
        ('weight', torch.nan, 'weight holds'),
        ('steps', torch.inf, 'steps holds'),
        ('exp_avg', torch.nan, 'exp_avg of the optimiser for weight holds'),
    ],
)
def test_broken_weights_of_the_last_iteration_are_not_written(tmp_path, where, value, name):
    training = runner(tmp_path, custom_hooks=[Break(6, where, value)])
    with pytest.raises(FloatingPointError, match=name):
        training.train()
    assert (tmp_path / 'last_checkpoint').read_text() == 'epoch_1.pth'
    assert not (tmp_path / 'epoch_2.pth').exists() and (tmp_path / 'epoch_1.pth').is_file()


def test_the_first_of_broken_tensors_is_named():
    good, bad = torch.ones(3), torch.tensor([1.0, torch.nan])
    assert first_non_finite([('a', good), ('b', bad), ('c', bad)]) == 'b'
    assert first_non_finite([('n', torch.tensor([1])), ('a', good)]) is None
    assert first_non_finite([]) is None


def test_a_sum_that_overflows_is_no_fault():
    assert first_non_finite([('a', torch.full((4,), 3e38))]) is None
    assert first_non_finite([('a', torch.full((4,), 6e4, dtype=torch.half))]) is None


def test_infinities_that_cancel_are_found():
    assert first_non_finite([('a', torch.tensor([torch.inf, -torch.inf]))]) == 'a'
