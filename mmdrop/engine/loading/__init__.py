"""Reading of checkpoints without running code, and whether they fit the model."""

from . import safe_loading  # for its effect on MMEngine
from .checkpoint_fit_hook import CheckpointFitHook, check_prediction
from .pretrained import FittingPretrainedInit, check_pretrained
from .safe_loading import UnsafeCheckpointError, forbid_code, read_checkpoint
from .state_dicts import StateDictFit, compare_state_dict, load_fitting, weights_of
from .trained_models import TrainedModel, image_steps, is_packed, load_trained_model

__all__ = [
    'CheckpointFitHook',
    'FittingPretrainedInit',
    'StateDictFit',
    'TrainedModel',
    'UnsafeCheckpointError',
    'check_prediction',
    'check_pretrained',
    'compare_state_dict',
    'forbid_code',
    'image_steps',
    'is_packed',
    'load_fitting',
    'load_trained_model',
    'read_checkpoint',
    'safe_loading',
    'weights_of',
]
