"""Configs that name registered modules, so that they can be kept beside weights and run no code."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import mmengine.registry.registry
from mmengine.registry import Registry

_NAME = re.compile(r'(?:mmpretrain\.)?\w+')


def name_types(node: Any, registry: Registry) -> Any:
    """Plain copy of a config whose ``type`` entries are names in a registry.

    Args:
        node: Config of modules, of dicts, lists and plain values.
        registry: mmdrop's registry of what it builds.

    Raises:
        ValueError: A class is not registered, or a value is no number, text or truth value.
    """
    if isinstance(node, Mapping):
        return {
            str(key): _registered_name(value, registry)
            if key == 'type'
            else name_types(value, registry)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [name_types(item, registry) for item in node]
    if node is None or isinstance(node, bool | int | float | str):
        return node
    raise ValueError(f'a model file holds plain values, and no {type(node).__name__}: {node!r}')


def _registered_name(kind: str | type, registry: Registry) -> str:
    found = registry.get(kind) if isinstance(kind, str) else kind
    for scope, node in _nodes(registry):
        names = [name for name, module in node.module_dict.items() if module is found]
        if names:  # some, such as BN, have several
            return scope + (kind if isinstance(kind, str) and kind in names else names[0])
    raise ValueError(
        f'{kind} is in no {registry.name} registry, and a model file names registered modules '
        'alone: decorate the class with @register_module()'
    )


def _nodes(registry: Registry) -> Iterator[tuple[str, Registry]]:
    """Scopes, as written in front of a name, and registries of one kind."""
    root: Registry = registry
    while root.parent is not None:
        yield '', root
        root = root.parent
    yield '', root
    import_module('mmpretrain.registry')
    if 'mmpretrain' in root.children:
        yield 'mmpretrain.', root.children['mmpretrain']


def check_types(node: Any, source: str) -> None:
    """Refuse a config that names something else than names of modules, mmdrop's or mmpretrain's.

    Args:
        node: Config from a file.
        source: The file, for the message.

    Raises:
        ValueError: It does.
    """
    if isinstance(node, dict):
        kind = node.get('type', '_')
        if not isinstance(kind, str) or not _NAME.fullmatch(kind):
            raise ValueError(f'{source} names {kind!r}, which is no registered module')
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            check_types(item, source)


@contextmanager
def only_registered() -> Iterator[None]:
    """Let registries give what is registered, and import nothing by its dotted name."""
    before = mmengine.registry.registry.get_object_from_string
    mmengine.registry.registry.get_object_from_string = lambda name: None
    try:
        yield
    finally:
        mmengine.registry.registry.get_object_from_string = before
