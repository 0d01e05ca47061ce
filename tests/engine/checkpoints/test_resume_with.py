import mmengine.runner.runner
import pytest
import torch
from mmengine.hooks import Hook
from quick_runs import log, runner


@pytest.fixture(scope='module', autouse=True)
def no_report_of_the_machine():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmengine.runner.runner, 'collect_env', dict)  # takes seconds
        yield


class Rates(Hook):
    """Keeps the rate of each iteration."""

    def __init__(self):
        self.rates = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates.append(runner.optim_wrapper.get_lr()['lr'][0])


def steps(gamma=0.5, milestones=(1, 3)):
    return dict(type='MultiStepLR', milestones=list(milestones), gamma=gamma, end=9)


WARM_UP = dict(type='LinearLR', start_factor=0.1, end=4, by_epoch=False)
COSINE = dict(type='CosineAnnealingLR', eta_min=0.002, T_max=5, end=5)


def rates(folder, lr, schedules, epochs, resume=False, keys=(), decay=0.0):
    """Rates of the iterations that a run makes."""
    hook = Rates()
    optimizer = dict(type='AdamW', lr=lr, weight_decay=decay)
    training = runner(
        folder,
        resume=resume,
        max_epochs=epochs,
        keep=-1,
        optim_wrapper=dict(optimizer=optimizer),
        param_scheduler=schedules,
        default_hooks=dict(
            checkpoint=dict(type='PlainCheckpointHook', interval=1),
            param_scheduler=dict(type='ParamSchedulerHook'),
        ),
        val_dataloader=None,
        val_cfg=None,
        val_evaluator=None,
        custom_hooks=[hook],
        cfg=dict(resume_with=list(keys)),
        log_level='INFO',
    )
    training.train()
    return hook.rates


@pytest.mark.parametrize('keys', [(), ('optim_wrapper.optimizer.lr', 'param_scheduler')])
def test_a_run_with_the_values_it_had_goes_on_exactly(tmp_path, keys):
    schedules = [WARM_UP, COSINE]
    whole = rates(tmp_path / 'whole', 0.01, schedules, 4)
    rates(tmp_path / 'parts', 0.01, schedules, 2)
    assert rates(tmp_path / 'parts', 0.01, schedules, 4, True, keys) == whole[6:]
    ends = [torch.load(tmp_path / name / 'epoch_4.pth') for name in ('whole', 'parts')]
    assert ends[0]['state_dict'] == ends[1]['state_dict']
    assert ends[0]['param_schedulers'] == ends[1]['param_schedulers']


@pytest.mark.parametrize('schedules', [[WARM_UP, COSINE], [steps()], None])
def test_a_new_rate_is_that_of_a_run_that_had_it_from_the_start(tmp_path, schedules):
    rates(tmp_path / 'parts', 0.01, schedules, 2)
    resumed = rates(tmp_path / 'parts', 0.03, schedules, 4, True, ['optim_wrapper.optimizer.lr'])
    assert resumed == rates(tmp_path / 'whole', 0.03, schedules, 4)[6:]


@pytest.mark.parametrize(
    ('new', 'keys'),
    [
        ([steps(milestones=(3,))], ['param_scheduler.0.milestones']),
        ([steps(0.2)], ['param_scheduler.0']),
        ([WARM_UP, COSINE], ['param_scheduler']),
        (None, ['param_scheduler']),
    ],
)
def test_a_new_schedule_is_that_of_a_run_that_had_it_from_the_start(tmp_path, new, keys):
    rates(tmp_path / 'parts', 0.01, [steps()], 2)
    resumed = rates(tmp_path / 'parts', 0.01, new, 4, True, keys)
    assert resumed == rates(tmp_path / 'whole', 0.01, new, 4)[6:]


def test_one_value_of_a_schedule_leaves_the_others_the_checkpoints(tmp_path):
    rates(tmp_path / 'parts', 0.01, [steps(0.5)], 2)
    keys = ['param_scheduler.0.milestones']
    resumed = rates(tmp_path / 'parts', 0.01, [steps(0.1, (3,))], 4, True, keys)
    assert resumed == [0.01] * 3 + [0.005] * 3


def test_each_overridden_value_is_said_and_the_checkpoints_is_used(tmp_path):
    before = rates(tmp_path, 0.01, [steps()], 2, decay=0.1)
    after = rates(tmp_path, 0.05, [steps(0.2, (7,))], 3, True, decay=0.3)
    assert after == [0.005] * 3 and before[3:] == after
    said = [line for line in log(tmp_path).splitlines() if 'is ignored' in line]
    keys = [line.split('WARNING - ')[1].split(' of the config')[0] for line in said]
    assert sorted(keys) == [
        'optim_wrapper.optimizer.lr',
        'optim_wrapper.optimizer.weight_decay',
        'param_scheduler.0.gamma',
        'param_scheduler.0.milestones',
    ]
    assert said[0].endswith(
        'optim_wrapper.optimizer.lr of the config, 0.05, is ignored: the checkpoint goes on with '
        "0.01. Give --resume-with optim_wrapper.optimizer.lr to take the config's."
    )


def test_nothing_is_said_where_nothing_differs(tmp_path):
    rates(tmp_path, 0.01, [WARM_UP, steps()], 2)
    rates(tmp_path, 0.01, [WARM_UP, steps()], 3, True)
    assert 'ignored' not in log(tmp_path)


def test_other_values_of_the_optimiser_can_be_taken(tmp_path):
    rates(tmp_path, 0.01, None, 1, decay=0.1)
    keys = ['optim_wrapper.optimizer.weight_decay']
    assert rates(tmp_path, 0.07, None, 2, True, keys, decay=0.3) == [0.01] * 3
    (group,) = torch.load(tmp_path / 'epoch_2.pth')['optimizer']['param_groups']
    assert group['weight_decay'] == 0.3


def test_keys_that_cannot_be_taken_are_refused_with_those_that_can(tmp_path):
    rates(tmp_path, 0.01, [steps()], 1)
    with pytest.raises(ValueError, match=r'cannot take train_cfg.max_epochs .*optimizer.lr'):
        rates(tmp_path, 0.01, [steps()], 2, True, ['train_cfg.max_epochs'])


def test_schedules_of_another_kind_are_refused(tmp_path):
    rates(tmp_path, 0.01, [steps()], 1)
    with pytest.raises(ValueError, match=r'another list of schedules .* --resume-with param_sched'):
        rates(tmp_path, 0.01, [COSINE], 2, True)
