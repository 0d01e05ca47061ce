"""Reading of configs, and the merging of command-line options into them."""

from . import inheritance  # for its effect on MMEngine
from .files import add_cfg_options, find_config, read_config
from .options import merge_options

__all__ = [
    'add_cfg_options',
    'find_config',
    'inheritance',
    'merge_options',
    'read_config',
]
