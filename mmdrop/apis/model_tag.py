"""Which model made embeddings, so that those of two models are never compared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

import mmdrop
from mmdrop.registry import type_name
from mmdrop.utils import is_training_only

_DIGITS = 16  # of a SHA-256, 64 bits


@dataclass(frozen=True)
class ModelTag:
    """Model and pre-processing of embeddings.

    Attributes:
        name: What the user called the model; two tags may differ in it.
        weights: Fingerprint of the tensors that inference reads.
        network: Fingerprint of the config of the network, its threshold of visibility included.
        preprocessing: What is done to an image, in order: one line for each step.
        version: Of mmdrop; two tags may differ in it.
    """

    name: str
    weights: str
    network: str
    preprocessing: tuple[str, ...]
    version: str

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> 'ModelTag':
        """The inverse of :meth:`to_dict`."""
        return cls(**fields | {'preprocessing': tuple(fields['preprocessing'])})

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {'preprocessing': list(self.preprocessing)}

    def check_same(self, other: 'ModelTag', what: str = 'embeddings') -> None:
        """Refuse embeddings that cannot be compared with those of another tag.

        Raises:
            ValueError: Weights, network or pre-processing differ; the message says which.
        """
        if (self.weights, self.network) != (other.weights, other.network):
            raise ValueError(
                f'{what} are those of another model: {other._describe()} instead of '
                f'{self._describe()}; embed the images again'
            )
        if self.preprocessing != other.preprocessing:
            ours, theirs = (' → '.join(tag.preprocessing) for tag in (self, other))
            raise ValueError(
                f'{what} were made with another pre-processing: {theirs} instead of {ours}; embed '
                'the images again'
            )

    def _describe(self) -> str:
        return f'{self.name} ({self.weights[:6]}-{self.network[:6]}, mmdrop {self.version})'


def make_tag(name: str, config: Config, model: nn.Module, steps: list[Mapping]) -> ModelTag:
    """Tag of a model.

    Args:
        name: Of the model.
        config: It was built from.
        model: With its weights.
        steps: Configs of the transforms of an image.
    """
    weights = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        if not is_training_only(model, key) and not key.endswith('num_batches_tracked'):
            array = value.detach().cpu().contiguous()
            weights.update(f'{key} {array.dtype} {tuple(array.shape)}'.encode())
            weights.update(array.reshape(-1).view(torch.uint8).numpy())
    network = {k: v for k, v in _plain(config.model).items() if k != 'data_preprocessor'}
    preprocessor = config.model.get('data_preprocessor') or {}
    lines = [_line(step) for step in [*steps, *([preprocessor] if preprocessor else [])]]
    digest = hashlib.sha256(json.dumps(network, sort_keys=True).encode()).hexdigest()
    return ModelTag(
        name,
        weights.hexdigest()[:_DIGITS],
        digest[:_DIGITS],
        tuple(lines),
        mmdrop.__version__,
    )


def _line(step: Mapping) -> str:
    others = {key: value for key, value in _plain(step).items() if key != 'type'}
    text = ', '.join(f'{key}={json.dumps(value)}' for key, value in sorted(others.items()))
    return f'{type_name(step)}({text})'


def _plain(node: Any) -> Any:
    """Config as JSON values, without what only the start of a training reads."""
    if isinstance(node, Mapping):
        return {
            str(key): type_name(node) if key == 'type' else _plain(value)
            for key, value in node.items()
            if key not in ('init_cfg', 'num_classes')
        }
    if isinstance(node, list | tuple):
        return [_plain(item) for item in node]
    return node if node is None or isinstance(node, bool | int | float | str) else str(node)
