"""Checkpoints that hold tensors and primitives alone."""

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from mmdrop.engine.checkpoints.durable_checkpoint_hook import DurableCheckpointHook
from mmdrop.registry import HOOKS


@HOOKS.register_module()
class PlainCheckpointHook(DurableCheckpointHook):
    """Checkpoints that survive a kill, and that ``torch.load(weights_only=True)`` can read.

    MMEngine pickles the log history as objects that hold functions. This hook turns them into
    tensors before a checkpoint is written and back when one is resumed, so that a checkpoint
    resumes exactly and can run no code. All arguments are those of MMEngine's ``CheckpointHook``;
    ``max_keep_ckpts=1`` is safe as well, and needs the room of two while the second is written.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace the message hub's state by plain data."""
        hub = checkpoint['message_hub']
        checkpoint['message_hub'] = dict(
            log_scalars={
                name: dict(
                    history=torch.from_numpy(buffer.data[0].astype(np.float64)),
                    counts=torch.from_numpy(buffer.data[1].astype(np.int64)),
                    max_length=buffer.max_length,
                )
                for name, buffer in hub['log_scalars'].items()
            },
            runtime_info=_plain(hub['runtime_info']),
            resumed_keys=dict(hub['resumed_keys']),
        )
        checkpoint['meta'] = _plain(checkpoint['meta'])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Make the message hub's state again from plain data."""
        if not isinstance(checkpoint, dict):
            return  # CheckpointFitHook refuses it
        # Runner.resume would execute this entry, which MMEngine no longer writes, as a config.
        checkpoint.get('meta', {}).pop('config', None)
        for name, buffer in checkpoint.get('message_hub', {}).get('log_scalars', {}).items():
            if isinstance(buffer, dict):
                checkpoint['message_hub']['log_scalars'][name] = HistoryBuffer(
                    buffer['history'].cpu().numpy(),
                    buffer['counts'].cpu().numpy(),
                    buffer['max_length'],
                )
        super().after_load_checkpoint(runner, checkpoint)


def _plain(value: object) -> object:
    """Copy of ``value`` in which everything is a tensor, a primitive, or a container of them."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    if value is None or isinstance(value, str | int | float | bool | torch.Tensor):
        return value
    return str(value)
