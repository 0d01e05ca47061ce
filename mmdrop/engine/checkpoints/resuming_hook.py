"""Resuming of runs whose checkpoints are MMEngine's own, or which write none."""

from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmdrop.engine.checkpoints.durable_checkpoint_hook import DurableCheckpointHook


class ResumingHook(Hook):
    """What :class:`DurableCheckpointHook` does when a run is resumed, and nothing else.

    MMEngine's own hook marks the last and the best checkpoint by their paths, so a copied work dir
    would go on from the original and remove the original's best checkpoint.
    """

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to go on from.

        Raises:
            ValueError: There are checkpoints, but none can be used.
        """
        writer = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        self._durable = DurableCheckpointHook(
            by_epoch=getattr(writer, 'by_epoch', by_epoch), out_dir=getattr(writer, 'out_dir', None)
        )
        self._durable.before_run(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Point paths of the former run to this one's folder, and compare with the config.

        Raises:
            ValueError: A key of ``resume_with`` cannot be honoured, or the schedules do not fit.
        """
        if isinstance(checkpoint, dict):  # else CheckpointFitHook refuses it
            self._durable.after_load_checkpoint(runner, checkpoint)


def register_resuming(runner: Runner) -> None:
    """Let a runner resume as one with a :class:`DurableCheckpointHook`, if it has none."""
    if runner._resume and not any(isinstance(h, DurableCheckpointHook) for h in runner.hooks):
        runner.register_hook(ResumingHook())
