"""Which table of parts a model's parser was trained with."""

from collections.abc import Mapping
from typing import Any

from mmdrop.datasets.parsing.part_groups import PartGroups, get_part_groups


def find_model_groups(config: Mapping[str, Any], source: str) -> PartGroups:
    """Table of parts of a model: what its config or model file says, or the usual one of K parts.

    Args:
        config: Config of the model.
        source: Name of the model, for the message.

    Raises:
        ValueError: The model has no parser, or no table has its number of parts.
    """
    head = config['model'].get('parsing_head')
    if not head:
        raise ValueError(
            f'{source} has no parser: model.parsing_head of its config is {head}. Name a model '
            'with one, such as drop_lite0'
        )
    groups = config.get('groups') or _find(config.get('train_dataloader'), 'groups')
    try:
        return get_part_groups(head['num_parts'], groups)
    except ValueError as error:
        raise ValueError(f'{source}: no table of parts fits its parser: {error}') from error


def _find(node: Any, key: str) -> Any:
    """First value of a key anywhere in a config; None if it is nowhere."""
    if isinstance(node, Mapping):
        if node.get(key) is not None:
            return node[key]
        node = list(node.values())
    if isinstance(node, list | tuple):
        found = (_find(item, key) for item in node)
        return next((value for value in found if value is not None), None)
    return None
