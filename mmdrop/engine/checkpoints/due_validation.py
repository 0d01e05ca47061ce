"""A validation that a kill cut short is made up for."""

from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner


def note_validation(runner: Runner) -> None:
    """Note that the weights of this moment have scores; checkpoints keep the note."""
    # MMEngine would log an entry whose name begins with "val".
    runner.message_hub.update_info('scored_epoch', runner.epoch)
    runner.message_hub.update_info('scored_iter', runner.iter)


def run_due_validation(runner: Runner) -> None:
    """Validate before a resumed training goes on, if the run was stopped before it had scores."""
    loop, info = runner.train_loop, runner.message_hub.runtime_info
    known = isinstance(loop, EpochBasedTrainLoop | IterBasedTrainLoop)
    if not known or runner.val_loop is None or loop.iter == 0:
        return
    loop._decide_current_val_interval()
    # The same rule as in the loops' own `run`.
    if isinstance(loop, IterBasedTrainLoop):
        unit, now, last = 'iter', loop.iter, loop.max_iters
    else:
        unit, now, last = 'epoch', loop.epoch, loop.max_epochs
    due = now >= max(loop.val_begin, 1) and (now % loop.val_interval == 0 or now == last)
    if due and info.get(f'scored_{unit}') != now:
        runner.logger.info(f'The validation of {unit} {now} has no scores yet: validating.')
        runner.val_loop.run()
