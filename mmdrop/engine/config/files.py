"""The one place where a config is read and the options of a command line are merged into it."""

import argparse
import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

import mmdrop
from mmdrop.engine.config import inheritance  # noqa: F401  # lets configs of other packages inherit from ours
from mmdrop.engine.config.options import DEFAULT_HOOKS, merge_options

CONFIGS = Path(mmdrop.__file__).parent / 'configs'


class _KeysAndValues(DictAction):
    """MMEngine's action, with a message for what is not ``KEY=VALUE``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        *args: Any,
    ) -> None:
        for value in values:
            if not value.partition('=')[0].strip('+') or '=' not in value:
                parser.error(f'--cfg-options takes KEY=VALUE without spaces, got {value!r}')
        super().__call__(parser, namespace, values, *args)


def add_cfg_options(parser: argparse.ArgumentParser, example: str) -> None:
    """Give a tool the option ``--cfg-options``, for :func:`read_config`."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=_KeysAndValues,
        default={},
        metavar='KEY=VALUE',
        help=f'override config values: {example}; +KEY=VALUE adds a key that the config has not',
    )


def find_config(name: str | os.PathLike) -> Path | None:
    """The config file, or that of mmdrop, with or without ``configs/`` and ``.py``."""
    shipped = os.fspath(name).removeprefix('configs/').removesuffix('.py') + '.py'
    return next((path for path in (Path(name), CONFIGS / shipped) if path.is_file()), None)


def read_config(name: str | os.PathLike, options: Mapping[str, Any] | None = None) -> Config:
    """Read a config file, or one that ships with mmdrop by its name, and merge options into it.

    Args:
        name: File, or name such as ``drop_demo``.
        options: New values by dotted key, see :func:`merge_options`.

    Raises:
        FileNotFoundError: There is neither.
        ValueError: The config has no such key.
    """
    path = find_config(name)
    if path is None:
        names = [p.relative_to(CONFIGS).with_suffix('').as_posix() for p in CONFIGS.rglob('*.py')]
        names = sorted(known for known in names if not known.startswith('_'))
        close = difflib.get_close_matches(os.fspath(name), names, n=5, cutoff=0.4) or names[:5]
        raise FileNotFoundError(
            f'{name}: neither a config file nor a config of mmdrop, such as {", ".join(close)}'
        )
    cfg = Config.fromfile(path)
    merge_options(cfg, options or {})
    _leave_out_nones(cfg)
    return cfg


def _leave_out_nones(cfg: Config) -> None:
    """Take what is None for absent, where MMEngine does not do so but for six hooks."""
    hooks, sets = cfg.get('default_hooks'), (cfg.get('test_cfg') or {}).get('sets', {})
    if hooks:
        cfg.default_hooks = {
            name: hook for name, hook in hooks.items() if hook is not None or name in DEFAULT_HOOKS
        }
    if cfg.get('custom_hooks'):
        cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook is not None]
    if cfg.get('randomness', ...) is None:
        cfg.pop('randomness')
    if sets is None or None in sets.values():
        cfg.test_cfg.sets = {name: loader for name, loader in (sets or {}).items() if loader}
