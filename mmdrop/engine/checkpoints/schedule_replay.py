"""Schedules run anew up to the place of a checkpoint."""

import warnings
from collections.abc import Sequence

from mmengine.optim import _ParamScheduler
from mmengine.runner import EpochBasedTrainLoop, Runner


def replay(runner: Runner, checkpoint: dict, groups: Sequence[dict]) -> None:
    """Give a checkpoint the values that its runner's schedules have at its epoch and iteration.

    Args:
        runner: The runner; its schedules and the values of its optimiser are changed too, as the
            checkpoint will do that anyway.
        checkpoint: The checkpoint; its schedules and groups are changed in place.
        groups: The checkpoint's groups in the order of ``runner.optim_wrapper.param_groups``.

    Raises:
        ValueError: A schedule follows the scores of validations, which are not known any more.
    """
    schedules: list[_ParamScheduler] = runner.param_schedulers or []
    if any(getattr(schedule, 'need_val_args', False) for schedule in schedules):
        raise ValueError(
            '--resume-with cannot run a schedule anew that follows scores (ReduceOnPlateauLR)'
        )
    live = runner.optim_wrapper.param_groups
    names = {schedule.param_name for schedule in schedules}
    names |= {state.get('param_name') for state in checkpoint.get('param_schedulers') or []}
    for mine, theirs in zip(live, groups, strict=True):
        for name in names & set(theirs):
            mine[name] = theirs.get(f'initial_{name}', theirs[name])
            if any(schedule.param_name == name for schedule in schedules):
                mine[f'initial_{name}'] = mine[name]
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Detected call of `scheduler.step')
        for schedule in schedules:  # what their constructors do
            schedule.base_values = [group[f'initial_{schedule.param_name}'] for group in live]
            schedule.last_step = schedule._global_step = -1
            schedule.step()
        _advance(runner, checkpoint, schedules)
    for mine, theirs in zip(live, groups, strict=True):
        for name in names:
            # A schedule of the momentum works on the first beta where there is no momentum.
            keys = (name, f'initial_{name}', *(['betas'] if name == 'momentum' else []))
            theirs.update({key: mine[key] for key in keys if key in mine})
    if schedules:
        checkpoint['param_schedulers'] = [schedule.state_dict() for schedule in schedules]
    else:
        checkpoint.pop('param_schedulers', None)


def _advance(runner: Runner, checkpoint: dict, schedules: Sequence[_ParamScheduler]) -> None:
    by_epoch = [schedule for schedule in schedules if schedule.by_epoch]
    by_iter = [schedule for schedule in schedules if not schedule.by_epoch]
    epochs, iterations = checkpoint['meta']['epoch'], checkpoint['meta']['iter']
    if not isinstance(runner.train_loop, EpochBasedTrainLoop):
        epochs = 0  # loops by iteration step the others once, at the end
    per_epoch, rest = divmod(iterations, max(epochs, 1))
    for _ in range(epochs):
        _step(by_iter, per_epoch)
        _step(by_epoch, 1)
    _step(by_iter, rest if epochs else iterations)


def _step(schedules: Sequence[_ParamScheduler], times: int) -> None:
    for _ in range(times if schedules else 0):
        for schedule in schedules:
            schedule.step()
