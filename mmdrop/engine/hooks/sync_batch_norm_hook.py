"""One model in all processes when it is evaluated or saved."""

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmdrop.registry import HOOKS


def sync_batch_norm(model: nn.Module) -> None:
    """Average the running statistics of batch norm over all processes, in place.

    Each process trains with the statistics of its own share of a batch. Without this, each would
    evaluate its share of the test set with a model of its own, and the first one's would be saved.
    All other buffers, such as the rows of the memory bank, are left alone.
    """
    if get_world_size() == 1:
        return
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    statistics = [buffer for norm in norms for buffer in (norm.running_mean, norm.running_var)]
    if statistics:
        all_reduce_params(statistics, op='mean')


@HOOKS.register_module()
class SyncBatchNormHook(Hook):
    """Synchronise batch norm before each checkpoint and each validation.

    MMEngine's ``SyncBuffersHook`` averages every buffer, identities of the memory bank included.
    """

    priority = 'ABOVE_NORMAL'

    def after_train_epoch(self, runner: Runner) -> None:
        """Synchronise before the checkpoint hook, also MMEngine's, saves."""
        sync_batch_norm(runner.model)

    def before_checkpoint(self, runner: Runner) -> None:
        """Synchronise before a checkpoint within an epoch."""
        sync_batch_norm(runner.model)

    def before_val_epoch(self, runner: Runner) -> None:
        """Synchronise before a validation."""
        sync_batch_norm(runner.model)
