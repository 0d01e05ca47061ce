"""Reading of checkpoints without running code, and whether they fit the model."""

from . import safe_loading  # for its effect on MMEngine
from .checkpoint_fit_hook import CheckpointFitHook, check_prediction
from .pretrained import FittingPretrainedInit, check_pretrained
from .safe_loading import UnsafeCheckpointError, forbid_code, read_checkpoint
from .state_dicts import StateDictFit, compare_state_dict, load_fitting, weights_of

__all__ = [
    'CheckpointFitHook',
    'FittingPretrainedInit',
    'StateDictFit',
    'UnsafeCheckpointError',
    'check_prediction',
    'check_pretrained',
    'compare_state_dict',
    'forbid_code',
    'load_fitting',
    'read_checkpoint',
    'safe_loading',
    'weights_of',
]
