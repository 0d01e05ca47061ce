"""What inference takes from a config and a checkpoint."""

import os
from collections.abc import Mapping

from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmdrop.engine import check_prediction, compare_state_dict, load_fitting, weights_of
from mmdrop.registry import type_name

_EMBEDDINGS = ('foreground', 'parts')


def load_weights(model: nn.Module, weights: str | os.PathLike) -> None:
    """Load a checkpoint into a model, without running code that the file may hold.

    Args:
        model: The model that the checkpoint was saved from.
        weights: Checkpoint file, URL, or another source that MMEngine knows.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no plain checkpoint, or not one of this model: apart from what only
            training reads, such as classifiers, both must hold the same tensors.
    """
    name = os.fspath(weights)
    try:
        checkpoint = CheckpointLoader.load_checkpoint(name, map_location='cpu', logger='silent')
        state = weights_of(checkpoint)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{name}: there is no such checkpoint file') from error
    except (EOFError, RuntimeError, ValueError) as error:
        raise ValueError(f'{name}: not a checkpoint that can be read: {error}') from error
    check_prediction(model, compare_state_dict(model, state), name)
    load_fitting(model, state)


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
