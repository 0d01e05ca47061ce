"""Stop a run whose loss is not finite, and say which term began."""

import torch
from mmengine.dist import all_gather_object
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
        # A batch can lack a term, so there is a record for each set of names.
        self.first: dict[tuple[str, ...], torch.Tensor] = {}

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
        outputs = outputs or {}
        names = tuple(name for name in outputs if 'loss' in name and name != 'loss')
        names = names or tuple(name for name in outputs if name == 'loss')
        if names:
            terms = torch.stack([torch.as_tensor(outputs[name]).float() for name in names])
            first = self.first.get(names, terms.new_full(terms.shape, torch.inf))
            now = torch.full_like(first, float(runner.iter))
            self.first[names] = torch.where(terms.isfinite(), first, torch.minimum(first, now))
        if (
            self.every_n_train_iters(runner, self.interval)
            or self.end_of_epoch(runner.train_dataloader, batch_idx)
            or self.is_last_train_iter(runner)
        ):
            self.before_checkpoint(runner)

    def before_checkpoint(self, runner: Runner) -> None:
        """Look at the records of all processes, so that all of them stop.

        Raises:
            FloatingPointError: A term was not finite since the last look, in any process.
        """
        records = all_gather_object(self._look())
        start = min(begun for begun, _ in records)
        names = [name for begun, terms in records for name in terms if begun == start]
        self._stop((start, list(dict.fromkeys(names))))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the record of the main process, the only one that MMEngine calls here.

        Raises:
            FloatingPointError: A term was not finite since the last look.
        """
        self._stop(self._look())

    def _look(self) -> tuple[float, list[str]]:
        """First broken iteration and its terms, infinity if there is none."""
        when: dict[str, float] = {}
        for names, first in self.first.items():
            for name, start in zip(names, first.tolist(), strict=True):
                when[name] = min(start, when.get(name, torch.inf))
        start = min(when.values(), default=torch.inf)
        return start, [name for name, begun in when.items() if begun == start]

    def _stop(self, record: tuple[float, list[str]]) -> None:
        start, names = record
        if start == torch.inf:
            return
        raise FloatingPointError(
            f'{", ".join(names)} became NaN or infinite in iteration {int(start) + 1}. '
            'Lower optim_wrapper.optimizer.lr, lengthen the warm-up, or train without --amp; the '
            'last checkpoint before it is intact'
        )
