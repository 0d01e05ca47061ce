"""Stop a run whose loss is not finite, and say which term began."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmdrop.registry import HOOKS


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Raise an error that names the loss term that was NaN or infinite first.

    Every iteration is recorded on the device; the host reads the record every ``interval``
    iterations, at the end of each epoch, and before a checkpoint is written, so that no
    checkpoint holds the weights of a broken run.

    Args:
        interval: Iterations between two looks.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self, interval: int = 20) -> None:
        self.interval = interval
        self.names: list[str] = []
        self.first: torch.Tensor | None = None

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Record which terms are not finite.

        Raises:
            FloatingPointError: A term was not finite since the last look.
        """
        names = [name for name in outputs if 'loss' in name and name != 'loss']
        terms = torch.stack([torch.as_tensor(outputs[name]).float() for name in names])
        if names != self.names:
            self.names = names
            self.first = terms.new_full(terms.shape, torch.inf)
        now = torch.full_like(self.first, float(runner.iter))
        self.first = torch.where(terms.isfinite(), self.first, torch.minimum(self.first, now))
        if (
            self.every_n_train_iters(runner, self.interval)
            or self.end_of_epoch(runner.train_dataloader, batch_idx)
            or self.is_last_train_iter(runner)
        ):
            self._look()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the record, whatever the interval.

        Raises:
            FloatingPointError: A term was not finite since the last look.
        """
        self._look()

    def _look(self) -> None:
        first = [torch.inf] if self.first is None else self.first.tolist()
        start = min(first)
        if start == float('inf'):
            return
        names = [name for name, when in zip(self.names, first, strict=True) if when == start]
        raise FloatingPointError(
            f'{", ".join(names)} became NaN or infinite in iteration {int(start) + 1}. '
            'Lower optim_wrapper.optimizer.lr, lengthen the warm-up, or train without --amp; the '
            'last checkpoint before it is intact'
        )
