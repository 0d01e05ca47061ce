"""What inference takes from a config and a checkpoint."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from torch import nn

from mmdrop.registry import type_name

_EMBEDDINGS = ('foreground', 'parts')


def load_weights(model: nn.Module, weights: str | os.PathLike) -> None:
    """Load a checkpoint into a model, without running code that the file may hold.

    Args:
        model: The model that the checkpoint was saved from.
        weights: Checkpoint file, or URL.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no plain checkpoint, or not one of this model.
    """
    name = os.fspath(weights)
    try:
        if name.startswith(('http://', 'https://')):
            checkpoint = torch.hub.load_state_dict_from_url(
                name, map_location='cpu', weights_only=True
            )
        else:
            path = Path(name).expanduser()
            if not path.is_file():
                raise FileNotFoundError(f'{name}: there is no such checkpoint file')
            checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(
            f'{name}: not a checkpoint, or one that holds more than tensors and plain values. '
            'It was not read, because reading it could run code.'
        ) from error
    state = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, Mapping) else {}
    state = {key.removeprefix('module.'): value for key, value in state.items()}
    own = {key for key, value in model.state_dict().items() if value.numel()}
    missing = sorted(own - state.keys())
    if missing:
        raise ValueError(
            f'{name}: {len(missing)} of the {len(own)} tensors of this model are not in the '
            f'checkpoint, {missing[0]} for one. Was it trained with another config?'
        )
    try:
        model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ValueError(f'{name}: the checkpoint does not fit the config: {error}') from error


def image_pipelines(cfg: Config) -> tuple[Compose, Compose]:
    """The config's test pipeline without labels: for image files, and for decoded images.

    It is that of the test data set, or ``test_pipeline`` where the data set renders its images and
    loads none.

    Raises:
        ValueError: The config has no test pipeline.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    for steps in (dataset.get('pipeline') or [], cfg.get('test_pipeline') or []):
        loaders = [step for step in steps if type_name(step).startswith('LoadImage')]
        if loaders:
            others = [step for step in steps if not type_name(step).startswith('Load')]
            return Compose([*loaders, *others]), Compose(others)
    raise ValueError(
        'neither test_dataloader.dataset.pipeline nor test_pipeline of the config loads images: '
        'a test_pipeline with LoadImage, Resize and PackReIDInputs is needed'
    )


def tested_matching(cfg: Config) -> tuple[tuple[str, ...], str]:
    """``embeddings`` and ``hidden`` of the config's first ``ReIDMetric``, or the paper's."""
    evaluators = cfg.get('test_evaluator') or []
    for evaluator in [evaluators] if isinstance(evaluators, Mapping) else evaluators:
        if type_name(evaluator).endswith('ReIDMetric'):
            names = evaluator.get('embeddings', _EMBEDDINGS)
            names = (names,) if isinstance(names, str) else tuple(names)
            return names, evaluator.get('hidden', 'skip')
    return _EMBEDDINGS, 'skip'
