from .cli import load_config, make_parser
from .distributed import prepare_cpu_launch
from .non_finite_loss_hook import NonFiniteLossHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .pretrained import check_pretrained

__all__ = [
    'NonFiniteLossHook',
    'PlainCheckpointHook',
    'check_pretrained',
    'load_config',
    'make_parser',
    'prepare_cpu_launch',
]
