import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from kills import in_child
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from quick_runs import Slope, runner

from mmdrop.engine import NonFiniteLossHook
from mmdrop.engine.checkpoints.finite_weights import check_finite, first_non_finite


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


def two_processes(function):
    """Exit statuses of a function in two forked processes of one group."""
    with tempfile.TemporaryDirectory() as folder:

        def process(rank):
            store = f'file://{folder}/store'
            dist.init_process_group('gloo', init_method=store, rank=rank, world_size=2)
            function(rank)

        with ThreadPoolExecutor() as pool:  # each waits for its own child
            return list(pool.map(lambda rank: in_child(partial(process, rank)), range(2)))


def test_all_processes_stop_where_one_has_a_broken_buffer():
    def check(rank):
        model = Slope()
        model.steps.fill_(torch.nan if rank else 0.0)
        optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
        training = SimpleNamespace(model=model, optim_wrapper=optim_wrapper, iter=7)
        with pytest.raises(FloatingPointError, match='steps holds'):
            check_finite(training, set())

    assert two_processes(check) == [0, 0]


def test_all_processes_stop_where_one_has_a_broken_loss():
    def check(rank):
        hook = NonFiniteLossHook(interval=1)
        terms = dict(loss_id=torch.tensor(torch.nan if rank else 1.0))
        training = SimpleNamespace(iter=0, train_dataloader=[0, 0], max_iters=2)
        with pytest.raises(FloatingPointError, match=r'loss_id became NaN or infinite in iter.* 1'):
            hook.after_train_iter(training, 0, outputs=terms)

    assert two_processes(check) == [0, 0]


def test_a_batch_without_a_term_does_not_make_the_record_forget():
    hook = NonFiniteLossHook(interval=3)
    training = SimpleNamespace(iter=0, train_dataloader=[0] * 9, max_iters=9)
    hook.after_train_iter(training, 0, outputs=dict(loss_id=1.0, loss_pct=torch.nan))
    training.iter = 1
    hook.after_train_iter(training, 1, outputs=dict(loss_id=1.0))
    training.iter = 2
    with pytest.raises(FloatingPointError, match='loss_pct became NaN or infinite in iteration 1'):
        hook.after_train_iter(training, 2, outputs=dict(loss_id=1.0))
