"""Hooks for the losses, the random numbers and the batch norm of a training."""

from .non_finite_loss_hook import NonFiniteLossHook
from .random_streams_hook import BatchStreams, RandomStreamsHook
from .sync_batch_norm_hook import SyncBatchNormHook, sync_batch_norm

__all__ = [
    'BatchStreams',
    'NonFiniteLossHook',
    'RandomStreamsHook',
    'SyncBatchNormHook',
    'sync_batch_norm',
]
