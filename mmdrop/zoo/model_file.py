"""One file for a trained model: half-precision weights, and beside them how to build it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mmdrop.utils import write_atomically
from mmdrop.zoo.registered import check_types

SUFFIX = '.safetensors'
_FORMAT = 'mmdrop-model-1'
# Of batch norm: half precision would lose digits of small variances and large means, and all of
# them together are a hundredth of a file.
_STATISTICS = ('running_mean', 'running_var')


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says of its model, as plain values.

    Attributes:
        name: Of the model.
        config: ``model``, ``test_pipeline`` and ``test_evaluator``, whose ``type`` entries are
            names of registered modules.
        parts: Names of the parts, 1..K; empty for a model without parser.
        groups: Table of parts (:data:`mmdrop.datasets.PART_GROUPS`); empty for none.
        input_size: Height and width of the network's input.
        mean: Of the pixels, as the network expects them.
        std: Likewise; empty for a model that normalises in another way.
        embedding_names: Names of the E embeddings.
        channels: Numbers in an embedding, C.
        training_sets: Data sets whose images and identities the model has seen.
        terms: What the training data allow the weights to be used for.
        version: Of the mmdrop that wrote the file.
        calibration: How sure the model may be, fields of :class:`mmdrop.apis.Certainty`; empty if
            that was not measured.
    """

    name: str
    config: dict[str, Any]
    parts: list[str]
    groups: str
    input_size: list[int]
    mean: list[float]
    std: list[float]
    embedding_names: list[str]
    channels: int
    training_sets: list[str]
    terms: str
    version: str
    calibration: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelFile:
    """Content of a model file.

    Attributes:
        path: The file.
        info: What it says of the model.
        weights: State dict in the precision of the file, without what only training reads.
    """

    path: Path
    info: ModelInfo
    weights: dict[str, Tensor] = field(repr=False)


def to_half(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State dict in half precision, but for statistics of batch norm and what half cannot hold.

    ``num_batches_tracked`` of batch norm is left out: nothing reads it.
    """
    return {
        key: value.half() if _fits_half(key, value) else value
        for key, value in weights.items()
        if not key.endswith('num_batches_tracked')
    }


def _fits_half(key: str, value: Tensor) -> bool:
    if not value.is_floating_point() or key.endswith(_STATISTICS):
        return False
    return bool((value.abs() <= torch.finfo(torch.half).max).all())


def write_model_file(path: Path, info: ModelInfo, weights: Mapping[str, Tensor]) -> str:
    """Write a model file, its weights in half precision; returns its SHA-256."""
    metadata = {key: json.dumps(value, ensure_ascii=False) for key, value in asdict(info).items()}
    tensors = {key: value.contiguous().cpu() for key, value in to_half(weights).items()}
    content = save(tensors, {'format': _FORMAT, **metadata})
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


def read_model_file(path: Path, sha256: str | None = None) -> ModelFile:
    """Read a model file; nothing in it is executed.

    Args:
        path: The file.
        sha256: The SHA-256 that it must have; any if None.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or not a model file.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there is no such model file')
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 not in (None, found):
        raise ValueError(
            f'{path} is damaged, install mmdrop again: its SHA-256 is {found} instead of {sha256}'
        )
    try:
        with safe_open(path, 'pt') as file:
            metadata = dict(file.metadata() or {})
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f'{path} cannot be read as a safetensors file: {error}') from error
    kind = metadata.pop('format', None)
    if kind != _FORMAT:
        raise ValueError(
            f'{path} is no model file of this mmdrop: its format is {kind!r} and not {_FORMAT!r}; '
            'pack_model makes one of a recipe and a checkpoint'
        )
    try:
        info = ModelInfo(**{key: json.loads(value) for key, value in metadata.items()})
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f'{path}: its metadata are not those of a model file: {error}') from error
    check_types(info.config, str(path))
    return ModelFile(path, info, weights)
