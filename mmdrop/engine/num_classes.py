"""How many identities the classifiers of a config tell apart, where the config leaves it open."""

from collections.abc import Mapping
from copy import copy
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmdrop.registry import DATASETS, SCOPE

_KEY = 'num_classes'


def count_classes(cfg: Config) -> None:
    """Set ``model.reid_head.num_classes``, if it is None, to the number of training identities.

    Raises:
        ValueError: The training set does not say how many it has.
    """
    if not _is_open(cfg.model):
        return
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', SCOPE)):
        info = DATASETS.build(cfg.train_dataloader.dataset).metainfo
    if 'num_identities' not in info:
        raise ValueError(
            'model.reid_head.num_classes is None, and the training set has no num_identities in '
            'its metainfo: set the number of its identities'
        )
    cfg.model.reid_head[_KEY] = info['num_identities']


def close_classes(model: dict[str, Any]) -> dict[str, Any]:
    """Config of a network for prediction, which reads no classifier: one class where it is open."""
    closed = copy(model)  # not dict(model): that would import the classes that a config names
    if _is_open(model):
        closed['reid_head'] = copy(model['reid_head'])
        closed['reid_head'][_KEY] = 1
    return closed


def _is_open(model: Mapping[str, Any]) -> bool:
    head = model.get('reid_head')
    return isinstance(head, Mapping) and head.get(_KEY, 0) is None
