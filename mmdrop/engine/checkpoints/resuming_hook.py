"""Resuming of runs whose checkpoints are MMEngine's own, or which write none."""

from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmdrop.engine.checkpoints.durable_checkpoint_hook import DurableCheckpointHook
from mmdrop.engine.checkpoints.plain_checkpoint_hook import PlainCheckpointHook


class ResumingHook(Hook):
    """What :class:`PlainCheckpointHook` does when a run is resumed, and nothing else.

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
        self._plain = PlainCheckpointHook(
            by_epoch=getattr(writer, 'by_epoch', by_epoch), out_dir=getattr(writer, 'out_dir', None)
        )
        self._plain.before_run(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read a plain log history, point paths to this folder, and compare with the config.

        Raises:
            ValueError: A key of ``resume_with`` cannot be honoured, or the schedules do not fit.
        """
        self._plain.after_load_checkpoint(runner, checkpoint)


def register_resuming(runner: Runner) -> None:
    """Let a runner resume as one with a :class:`DurableCheckpointHook`, if it has none."""
    if runner._resume and not any(isinstance(h, DurableCheckpointHook) for h in runner.hooks):
        runner.register_hook(ResumingHook())
