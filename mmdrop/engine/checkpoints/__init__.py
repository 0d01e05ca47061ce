"""Writing of checkpoints, whole and plain, and going on from them."""

from . import whole_checkpoints  # for its effect on MMEngine
from .durable_checkpoint_hook import DurableCheckpointHook
from .newest_checkpoint import newest_readable_checkpoint
from .plain_checkpoint_hook import PlainCheckpointHook
from .whole_checkpoints import list_checkpoints, mark_last

__all__ = [
    'DurableCheckpointHook',
    'PlainCheckpointHook',
    'list_checkpoints',
    'mark_last',
    'newest_readable_checkpoint',
    'whole_checkpoints',
]
