"""What runs a training or a test: hooks, loops, checkpoints, checks and the command line."""

from .checkpoints import (
    DurableCheckpointHook,
    PlainCheckpointHook,
    list_checkpoints,
    mark_last,
    newest_readable_checkpoint,
)
from .checks import check_batch_size, check_lengths
from .cli import USER_ERRORS, build_runner, load_config, make_parser
from .config import add_cfg_options, find_config, merge_options, read_config
from .config_datasets import inner_datasets, input_size, is_trained_on
from .cpu import keep_freed_memory
from .distributed import prepare_cpu_launch
from .evaluation_reports import (
    replace_test_sets,
    report_parsing,
    report_reranked,
    report_table,
    report_verification,
)
from .hooks import (
    BatchStreams,
    NonFiniteLossHook,
    RandomStreamsHook,
    SyncBatchNormHook,
    sync_batch_norm,
)
from .loading import (
    CheckpointFitHook,
    FittingPretrainedInit,
    StateDictFit,
    TrainedModel,
    UnsafeCheckpointError,
    check_prediction,
    check_pretrained,
    compare_state_dict,
    forbid_code,
    image_steps,
    is_packed,
    load_fitting,
    load_trained_model,
    read_checkpoint,
    weights_of,
)
from .multi_set_test_loop import MultiSetTestLoop
from .num_classes import close_classes, count_classes

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
    'TrainedModel',
    'UnsafeCheckpointError',
    'add_cfg_options',
    'build_runner',
    'check_batch_size',
    'check_lengths',
    'check_prediction',
    'check_pretrained',
    'close_classes',
    'compare_state_dict',
    'count_classes',
    'find_config',
    'forbid_code',
    'image_steps',
    'inner_datasets',
    'input_size',
    'is_packed',
    'is_trained_on',
    'keep_freed_memory',
    'list_checkpoints',
    'load_config',
    'load_fitting',
    'load_trained_model',
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
    'report_verification',
    'sync_batch_norm',
    'weights_of',
]
