"""Make one file of a recipe and its checkpoint, as the models of the zoo are kept."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

import mmdrop
from mmdrop.apis.certainty import Certainty
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.apis.loading import tested_matching
from mmdrop.datasets import SyntheticReID
from mmdrop.engine import image_steps, read_config
from mmdrop.preparation import find_model_groups
from mmdrop.registry import METRICS, MODELS, TRANSFORMS
from mmdrop.utils import is_training_only, write_atomically
from mmdrop.zoo import SUFFIX, ModelInfo, name_types, write_model_file

# Between the unit vectors of an embedding before and behind the loss of precision; the nearest
# two people of a gallery are tens of times as far apart.
_LARGEST_CHANGE = 0.02


@dataclass(frozen=True)
class PackedModel:
    """What :func:`pack_model` wrote; ``print`` it.

    Attributes:
        file: The file.
        info: What it says of the model.
        sha256: Of the file.
        size: Bytes.
        parameters: Numbers in it.
        change: Largest distance between an embedding of the file and of the checkpoint, both of
            length 1, over rendered people.
        agreement: Share of the pixels whose part is the same, in [0, 1]; 1 without parser.
    """

    file: Path
    info: ModelInfo
    sha256: str
    size: int
    parameters: int
    change: float
    agreement: float

    def __str__(self) -> str:
        parts = f', {len(self.info.parts)} parts ({self.info.groups})' if self.info.parts else ''
        number = len(self.info.embedding_names)
        return '\n'.join(
            [
                f'{self.file}: {self.size / 1e6:.2f} MB, {self.parameters / 1e6:.2f} M numbers',
                f'  {number} embeddings of {self.info.channels} numbers{parts}',
                f'  embeddings differ from those of the checkpoint by at most {self.change:.4f}, '
                f'parts of {1 - self.agreement:.2%} of the pixels',
                f'  SHA-256 {self.sha256}',
            ]
        )


def pack_model(
    config: str | os.PathLike | Config,
    checkpoint: str | os.PathLike,
    file: str | os.PathLike,
    name: str | None = None,
    training_sets: Sequence[str] = (),
    terms: str = '',
    calibration: Certainty | None = None,
) -> PackedModel:
    """Write what inference needs of a trained model into one file, and compare it with the model.

    The file holds weights in half precision, without classifiers, memory banks and optimiser, and
    the config of network, test pipeline and matching. It is read by :class:`ReIDInferencer` and
    :func:`mmdrop.zoo.get_model`, whatever becomes of the recipe. It is written only if embeddings
    of rendered people agree.

    Args:
        config: The config that the model was trained with: its file, name, or itself.
        checkpoint: Checkpoint of the training.
        file: What to write, ``….safetensors``.
        name: Of the model; the file's stem if None.
        training_sets: Names of the data sets that the model has seen.
        terms: What the training data allow the weights to be used for.
        calibration: How sure the model may be that two images show one person, see
            :func:`calibrate_model`.

    Raises:
        FileNotFoundError: Config or checkpoint do not exist.
        ValueError: They do not belong together, the config holds what no file can, or the file's
            embeddings are others than the checkpoint's.
    """
    file = Path(file)
    if file.suffix != SUFFIX:
        raise ValueError(f'a model file is named ….{SUFFIX[1:]}, got {file}')
    cfg = config if isinstance(config, Config) else read_config(config)
    inferencer = ReIDInferencer(cfg, checkpoint, device='cpu')
    model = inferencer.model
    weights = {k: v for k, v in model.state_dict().items() if not is_training_only(model, k)}
    people = _render_people()
    before = inferencer(people)
    info = ModelInfo(
        name=name or file.stem,
        **_describe(cfg, before, os.fspath(checkpoint)),
        input_size=_input_size(inferencer, people[0]),
        training_sets=list(training_sets),
        terms=terms,
        version=mmdrop.__version__,
        calibration=calibration.to_dict() if calibration else {},
    )
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, file.name)
        sha256 = write_model_file(part, info, weights)
        after = ReIDInferencer(part, device='cpu')(people)
        change, agreement = _compare(before, after)
        if not change <= _LARGEST_CHANGE:
            raise ValueError(
                f'{file} was not written: in half precision an embedding of {checkpoint} moves by '
                f'{change:.3f} of its length, more than {_LARGEST_CHANGE}'
            )
        write_atomically(file, part.read_bytes())
    number = sum(value.numel() for value in weights.values())
    return PackedModel(file, info, sha256, file.stat().st_size, number, change, agreement)


def _describe(cfg: Config, result: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Fields of :class:`ModelInfo` that follow from the config and from a result."""
    plain = cfg.to_dict()
    normalised = plain['model'].get('data_preprocessor') or {}
    loaders, others = image_steps(Config(plain))
    matching = tested_matching(cfg)._asdict()
    evaluator = dict(type='ReIDMetric', **matching | dict(embeddings=[*matching['embeddings']]))
    groups = find_model_groups(plain, source) if 'parsing' in result else None
    return dict(
        config=dict(
            model=name_types(_without_training(plain['model']), MODELS),
            test_pipeline=name_types([*loaders, *others], TRANSFORMS),
            test_evaluator=name_types(evaluator, METRICS),
        ),
        parts=list(groups.part_names) if groups else [],
        groups=groups.name if groups else '',
        mean=list(normalised.get('mean') or []),
        std=list(normalised.get('std') or []),
        embedding_names=list(result['embedding_names']),
        channels=result['embeddings'].shape[2],
    )


def _without_training(node: Any) -> Any:
    """Config of a network without initialisation, and with classifiers of one class."""
    if isinstance(node, Mapping):
        kept = {k: _without_training(v) for k, v in node.items() if k != 'init_cfg'}
        return kept | {'num_classes': 1} if 'num_classes' in kept else kept
    return [_without_training(item) for item in node] if isinstance(node, list | tuple) else node


def _render_people() -> list[np.ndarray]:
    """Images of a few people, some of them occluded, BGR ``(256, 128, 3)``."""
    dataset = SyntheticReID(
        'test', num_identities=4, images_per_identity=4, num_distractors=0, image_size=(256, 128)
    )
    return [dataset[i]['img'] for i in range(len(dataset))]


def _input_size(inferencer: ReIDInferencer, image: np.ndarray) -> list[int]:
    return list(inferencer.pipeline(image)['inputs'].shape[-2:])


def _compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[float, float]:
    """Largest distance between the unit vectors of two results, and share of equal parts."""
    units: list[Tensor] = [
        torch.nn.functional.normalize(result['embeddings'], dim=2) for result in (before, after)
    ]
    change = (units[0] - units[1]).norm(dim=2).max().item()
    if 'parsing' not in before:
        return change, 1.0
    return change, (before['parsing'] == after['parsing']).float().mean().item()
