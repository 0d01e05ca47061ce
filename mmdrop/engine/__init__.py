"""What runs a training or a test: hooks, loops, checkpoints, checks and the command line."""

from . import config_inheritance, safe_loading, whole_checkpoints  # for their effect on MMEngine
from .checkpoint_fit_hook import CheckpointFitHook, check_prediction
from .checks import check_batch_size
from .cli import USER_ERRORS, build_runner, load_config, make_parser
from .config_files import add_cfg_options, find_config, read_config
from .config_options import merge_options
from .cpu import keep_freed_memory
from .distributed import prepare_cpu_launch
from .durable_checkpoint_hook import DurableCheckpointHook
from .evaluation_reports import replace_test_sets, report_parsing, report_reranked, report_table
from .multi_set_test_loop import MultiSetTestLoop
from .newest_checkpoint import newest_readable_checkpoint
from .non_finite_loss_hook import NonFiniteLossHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .pretrained import FittingPretrainedInit, check_pretrained
from .random_streams import BatchStreams, RandomStreamsHook
from .safe_loading import UnsafeCheckpointError, forbid_code, read_checkpoint
from .state_dicts import StateDictFit, compare_state_dict, load_fitting, weights_of
from .sync_batch_norm_hook import SyncBatchNormHook, sync_batch_norm
from .whole_checkpoints import list_checkpoints, mark_last

__all__ = [
    'USER_ERRORS',
    'BatchStreams',
    'CheckpointFitHook',
    'DurableCheckpointHook',
    'FittingPretrainedInit',
    'MultiSetTestLoop',
    'NonFiniteLossHook',
    'PlainCheckpointHook',
    'RandomStreamsHook',
    'StateDictFit',
    'SyncBatchNormHook',
    'UnsafeCheckpointError',
    'add_cfg_options',
    'build_runner',
    'check_batch_size',
    'check_prediction',
    'check_pretrained',
    'compare_state_dict',
    'config_inheritance',
    'find_config',
    'forbid_code',
    'keep_freed_memory',
    'list_checkpoints',
    'load_config',
    'load_fitting',
    'make_parser',
    'mark_last',
    'merge_options',
    'newest_readable_checkpoint',
    'prepare_cpu_launch',
    'read_checkpoint',
    'read_config',
    'replace_test_sets',
    'report_parsing',
    'report_reranked',
    'report_table',
    'safe_loading',
    'sync_batch_norm',
    'weights_of',
    'whole_checkpoints',
]
