"""What a resumed run takes from its checkpoint, and what from its config."""

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmdrop.engine.checkpoints.schedule_replay import replay

_OPTIMIZER = 'optim_wrapper.optimizer'
_SCHEDULES = 'param_scheduler'
_SEED = 'randomness.seed'
# What a schedule counts up; all else comes from its config.
_PROGRESS = {
    *('last_step', '_global_step', '_last_value', 'base_values', 'verbose', 'optimizer'),
    *('best', 'num_bad_epochs', 'cooldown_counter'),
}
_DERIVED = {'total_iters', 'total_steps', 'cumulative_periods', 'rule_worse'}


def reconcile(runner: Runner, checkpoint: dict, keys: Sequence[str] = ()) -> None:
    """Say what of the config a checkpoint overrides, but for the keys whose values the config sets.

    With a new rate or schedule the schedules are run anew up to the checkpoint's epoch and
    iteration, so the rest of the training has the rates of a run that had them from the start.

    Args:
        runner: The runner, whose optimiser and schedules are built from the config.
        checkpoint: The checkpoint, about to be resumed; changed in place.
        keys: Keys of the config whose values win. A key stands for all below it:
            ``param_scheduler`` for the whole list, ``param_scheduler.0`` for one schedule,
            ``param_scheduler.0.milestones`` for one value.

    Raises:
        ValueError: A key cannot be honoured, and the message lists those that can; or the
            schedules of config and checkpoint are of different kinds.
    """
    _check_keys(runner, checkpoint, keys)

    def wanted(key: str) -> bool:
        return any(_covers(asked, key) for asked in keys)

    _report_end(runner, checkpoint)
    if wanted(_SEED):
        checkpoint['meta']['seed'] = runner.seed
    if not _is_single(runner, checkpoint):
        return
    schedules = runner.param_schedulers or []
    saved = checkpoint.get('param_schedulers') or []
    if not wanted(_SCHEDULES):
        _check_kinds(schedules, saved)
    for key, ours, former in _differences(runner, checkpoint):
        if wanted(key):
            runner.logger.info(f'{key} is {ours} from now on, the checkpoint had {former}.')
        else:
            runner.logger.warning(
                f'{key} of the config, {ours}, is ignored: the checkpoint goes on with {former}. '
                f"Give --resume-with {key} to take the config's."
            )
    groups = _groups(checkpoint['optimizer'])
    for mine, theirs in zip(runner.optim_wrapper.param_groups, groups, strict=True):
        for name in _names(theirs):
            if name in mine and wanted(f'{_OPTIMIZER}.{name}'):
                theirs[name] = mine.get(f'initial_{name}', mine[name])
                if f'initial_{name}' in theirs:
                    theirs[f'initial_{name}'] = theirs[name]
    scheduled = {s['param_name'] for s in saved} | {s.param_name for s in schedules}
    changed = any(f'{asked}.'.startswith(f'{_SCHEDULES}.') for asked in keys)
    if not changed and not any(wanted(f'{_OPTIMIZER}.{name}') for name in scheduled):
        return
    if not wanted(_SCHEDULES):
        for i, (schedule, state) in enumerate(zip(schedules, saved, strict=False)):
            _take_constants(schedule, state, lambda name, i=i: wanted(f'{_SCHEDULES}.{i}.{name}'))
    replay(runner, checkpoint, groups)


def _check_keys(runner: Runner, checkpoint: dict, keys: Sequence[str]) -> None:
    known = _known_keys(runner, checkpoint) if keys else []
    for key in keys:
        if not any(_covers(key, other) for other in known):
            raise ValueError(
                f'--resume-with cannot take {key} from the config, only {", ".join(known)}; '
                'what is not of the optimiser or its schedules holds without it'
            )


def _report_end(runner: Runner, checkpoint: dict) -> None:
    loop, meta = runner.train_loop, checkpoint['meta']
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    unit = 'epoch' if by_epoch else 'iter'
    end = loop.max_epochs if by_epoch else loop.max_iters
    if meta[unit] >= end:
        runner.logger.warning(
            f'The checkpoint is of {unit} {meta[unit]}, and train_cfg.max_{unit}s is {end}: '
            'nothing is left to train.'
        )


def _differences(runner: Runner, checkpoint: dict) -> Iterator[tuple[str, str, str]]:
    groups = list(
        zip(runner.optim_wrapper.param_groups, _groups(checkpoint['optimizer']), strict=True)
    )
    for name in _names(groups[0][0]):
        pairs = [
            (mine.get(f'initial_{name}', mine[name]), theirs.get(f'initial_{name}', theirs[name]))
            for mine, theirs in groups
            if name in mine and name in theirs
        ]
        if any(_differ(mine, theirs) for mine, theirs in pairs):
            mine, theirs = (_listed(values) for values in zip(*pairs, strict=True))
            yield f'{_OPTIMIZER}.{name}', mine, theirs
    schedules = runner.param_schedulers or []
    saved = checkpoint.get('param_schedulers') or []
    if saved and not schedules:
        yield _SCHEDULES, 'none', 'the rate that its schedules had reached'
    for i, (schedule, state) in enumerate(zip(schedules, saved, strict=False)):
        for name in sorted(_constants(schedule)):
            mine, theirs = vars(schedule)[name], state.get(name)
            if name not in _DERIVED and not name.startswith('_') and _differ(mine, theirs):
                loop = runner.train_loop
                ends = name == 'end' and mine == (
                    loop.max_epochs if schedule.by_epoch else loop.max_iters
                )
                shown = f'{mine} (where train_cfg ends)' if ends else _shown(mine)
                yield f'{_SCHEDULES}.{i}.{name}', shown, _shown(theirs)


def _check_kinds(schedules: Sequence[_ParamScheduler], saved: Sequence[dict]) -> None:
    mine = [_constants(schedule) | {f'param_name={schedule.param_name}'} for schedule in schedules]
    theirs = [
        (set(state) - _PROGRESS) | {f'param_name={state.get("param_name")}'} for state in saved
    ]
    if schedules and mine != theirs:
        names = ', '.join(type(schedule).__name__ for schedule in schedules)
        raise ValueError(
            f'{_SCHEDULES} of the config ({names}) is another list of schedules than the '
            f"checkpoint's ({len(saved)} of them): give --resume-with {_SCHEDULES} to take the "
            "config's, or undo the change"
        )


def _known_keys(runner: Runner, checkpoint: dict) -> list[str]:
    known = [_SEED]
    if _is_single(runner, checkpoint):
        known += [f'{_OPTIMIZER}.{name}' for name in _names(_groups(checkpoint['optimizer'])[0])]
        known.append(_SCHEDULES)
        for i, schedule in enumerate(runner.param_schedulers or []):
            names = sorted(_constants(schedule) - _DERIVED)
            known += [f'{_SCHEDULES}.{i}.{name}' for name in names if not name.startswith('_')]
    return known


def _is_single(runner: Runner, checkpoint: dict) -> bool:
    """One optimiser whose groups are the checkpoint's; others are compared elsewhere or not."""
    if not isinstance(runner.optim_wrapper, OptimWrapper) or 'optimizer' not in checkpoint:
        return False
    groups = checkpoint['optimizer'].get('param_groups', [])
    return len(groups) == len(runner.optim_wrapper.optimizer.param_groups)


def _groups(state: dict) -> list[dict]:
    """The groups that ``OptimWrapper.param_groups`` shows: its own, for the log, is the last."""
    base = state.get('base_param_settings')
    return [*state['param_groups'], *([base] if base else [])]


def _names(group: dict) -> list[str]:
    return [name for name in group if name != 'params' and not name.startswith('initial_')]


def _constants(schedule: _ParamScheduler) -> set[str]:
    return set(vars(schedule)) - _PROGRESS


def _take_constants(schedule: _ParamScheduler, state: dict, wanted: Any) -> None:
    names = _constants(schedule)
    if all(map(wanted, names - _DERIVED)):
        return
    vars(schedule).update({name: state[name] for name in names if not wanted(name)})
    if 'total_iters' in names:
        schedule.total_iters = schedule.end - schedule.begin - 1


def _covers(key: str, other: str) -> bool:
    return other == key or other.startswith(f'{key}.')


def _differ(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        mine, theirs = list(mine), list(theirs)
    return mine != theirs


def _shown(value: Any) -> str:
    return str(sorted(value.elements())) if hasattr(value, 'elements') else str(value)


def _listed(values: Sequence[Any]) -> str:
    different = list(dict.fromkeys(map(str, values)))
    return ' / '.join(different[:4]) + (' / …' if len(different) > 4 else '')
