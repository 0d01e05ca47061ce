"""Options of the command line that are merged into a config, if the config has such keys."""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.registry import Registry
from mmengine.runner import Runner
from mmengine.utils import get_object_from_string
from torch.utils.data import DataLoader

import mmdrop.registry

# What MMEngine reads beside the parameters of its classes.
_TOP = (
    *('activation_checkpointing', 'compile', 'custom_imports', 'efficient_conv_bn_eval'),
    *('find_unused_parameters', 'model_wrapper_cfg', 'runner_type', 'sync_bn', 'work_dir'),
)
# Hooks that MMEngine adds by itself, unless they are None.
DEFAULT_HOOKS = (
    *('checkpoint', 'logger', 'param_scheduler', 'runtime_info', 'sampler_seed', 'timer'),
)
_DICTS = Mapping | Config
_ANYWHERE = ('type', '_delete_', '_scope_')
_OF_CLASSES: dict[type, tuple[str, ...]] = {
    Hook: ('priority',),
    OptimWrapper: ('constructor', 'paramwise_cfg'),
    _ParamScheduler: ('convert_to_iter_based',),
}
# Dicts without a type, by their name.
_OF_PLAIN_DICTS: dict[str, tuple[str, ...] | Callable] = {
    'auto_scale_lr': ('base_batch_size', 'enable'),
    'compile': torch.compile,
    'default_hooks': DEFAULT_HOOKS,
    'dist_cfg': ('backend', 'init_method', 'timeout'),
    'env_cfg': ('cudnn_benchmark', 'dist_cfg', 'mp_cfg', 'resource_limit'),
    'mp_cfg': ('mp_start_method', 'opencv_num_threads'),
    'paramwise_cfg': (
        *('bias_decay_mult', 'bias_lr_mult', 'bypass_duplicate', 'custom_keys'),
        *('dcn_offset_lr_mult', 'dwconv_decay_mult', 'flat_decay_mult', 'norm_decay_mult'),
    ),
    'randomness': Runner.set_randomness,
}


def merge_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Set values of a config by dotted keys, such as ``optim_wrapper.optimizer.lr``.

    A key is known where the config has it, or where its last part is a parameter of the class that
    the dict around it builds. Items of lists go by their index. Under a value that is None or not
    given, every key is taken. ``+`` in front of a key adds it unseen. Options are merged in their
    order, so that a later one may name keys of a dict that an earlier one makes.

    Args:
        cfg: Config, changed in place.
        options: New values by key.

    Raises:
        ValueError: A key is not known, and the message names the closest one; or a number or a
            truth value would become text.
    """
    for option, value in options.items():
        key = option.removeprefix('+')
        if key == option:
            _check(cfg, key, value)
        _fill_nones(cfg, key.split('.')[:-1])
        cfg.merge_from_dict({key: value})


def _check(cfg: Config, key: str, value: Any) -> None:
    """Walk down to the key, as far as the config goes, and compare the values there."""
    node: Any = cfg
    parts = key.split('.')
    for i, part in enumerate(parts):
        here = '.'.join(parts[:i])
        if isinstance(node, _DICTS):
            names = set(node) | _known_names(node, parts[i - 1] if i else '')
        elif isinstance(node, list):
            names = {str(index) for index in range(len(node))}
        elif node is None and not part.isdecimal():
            return  # nobody says what may be there
        else:
            raise ValueError(f'--cfg-options {key}: {here} is {node!r} and has no keys')
        if part not in names:
            similar = _similar(cfg, parts, i, names)
            advice = f', did you mean {similar}?' if similar else ';'
            raise ValueError(
                f'--cfg-options {key}: the config has no {".".join(parts[: i + 1])}{advice} '
                f'+{key}=… adds it'
            )
        node = node[int(part)] if isinstance(node, list) else node.get(part)
    if isinstance(value, str) and isinstance(node, bool | int | float):
        wanted = 'True or False' if isinstance(node, bool) else 'a number'
        raise ValueError(
            f'--cfg-options {key}={value}: the config has {node!r} there, and {value!r} is not '
            f'{wanted}; +{key}={value} sets it all the same'
        )


def _fill_nones(cfg: Config, path: list[str]) -> None:
    """Make an empty dict of a None on the way, into which MMEngine merges nothing."""
    node: Any = cfg
    for part in path:
        inside = node[int(part)] if isinstance(node, list) else node.get(part, ...)
        if inside is None:
            node[int(part) if isinstance(node, list) else part] = {}
        if not isinstance(inside, _DICTS | list):
            return
        node = inside


def _known_names(node: Mapping | Config, name: str) -> set[str]:
    """Keys that a dict may have beside those it has."""
    if not name:
        return {*_TOP, *_parameters(Runner)}
    kind = _resolve(node.get('type'))
    if kind is not None:
        more = (names for base, names in _OF_CLASSES.items() if _is_subclass(kind, base))
        return {*_ANYWHERE, *_parameters(kind), *(name for names in more for name in names)}
    if 'dataset' in node or name.endswith('_dataloader'):
        return {'_delete_', 'num_batch_per_epoch', *_parameters(DataLoader)}
    known = _OF_PLAIN_DICTS.get(name, ())
    return {*_ANYWHERE, *(known if isinstance(known, tuple) else _parameters(known))}


def _is_subclass(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _resolve(kind: Any) -> Callable | None:
    """The class or function that a ``type`` names, None if there is no such one."""
    if not isinstance(kind, str):
        return kind
    registries = [x for x in vars(mmdrop.registry).values() if isinstance(x, Registry)]
    found = (registry.get(kind) for registry in registries)
    return next((x for x in found if x is not None), None) or get_object_from_string(kind)


def _parameters(kind: Callable) -> set[str]:
    """Names of parameters; those of base classes too, as far as ``**kwargs`` lead to them."""
    names: set[str] = set()
    functions: list = [kind]
    if isinstance(kind, type):
        functions = [vars(x)['__init__'] for x in kind.__mro__ if '__init__' in vars(x)]
    for function in functions:
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):  # of a class written in C
            break
        names |= {x.name for x in parameters if x.kind not in (x.VAR_POSITIONAL, x.VAR_KEYWORD)}
        if not any(x.kind is x.VAR_KEYWORD for x in parameters):
            break
    return names - {'self'}


def _similar(cfg: Config, parts: list[str], i: int, names: set[str]) -> str | None:
    """The most similar key: another name in the same place, or the same name in another place."""
    close = difflib.get_close_matches(parts[i], sorted(names - {'_delete_', '_scope_'}), n=1)
    if close:
        return '.'.join([*parts[:i], *close, *parts[i + 1 :]])
    paths = [path for path in _paths(cfg) if not path.endswith('.type')]
    same = [path for path in paths if path.rpartition('.')[2] == parts[-1]]
    close = difflib.get_close_matches('.'.join(parts), same or paths, n=1, cutoff=0)
    return close[0] if close else None


def _paths(node: Any, prefix: str = '') -> Iterator[str]:
    if isinstance(node, _DICTS):
        items = [(str(key), child) for key, child in node.items()]
    elif isinstance(node, list):
        items = [(str(index), child) for index, child in enumerate(node)]
    else:
        return
    for key, child in items:
        yield prefix + key
        yield from _paths(child, f'{prefix}{key}.')
