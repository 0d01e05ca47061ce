"""Trained models as users name them: of the zoo, in a file, or a recipe and its checkpoint."""

import os
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmdrop.engine.config import find_config, read_config
from mmdrop.engine.loading.checkpoint_fit_hook import check_prediction
from mmdrop.engine.loading.state_dicts import compare_state_dict, load_fitting, weights_of
from mmdrop.engine.num_classes import close_classes
from mmdrop.registry import MODELS, SCOPE, type_name
from mmdrop.zoo import (
    SUFFIX,
    ModelFile,
    build_model,
    describe_unknown,
    full_precision,
    has_model,
    only_registered,
    open_model,
)

_SCHEME = 'zoo://'


class TrainedModel(NamedTuple):
    """A network and how to use it.

    Attributes:
        config: ``model``, and what says how images are brought to it and compared.
        model: The network, on the CPU.
        file_pipeline: Transforms of an image file, ``dict(img_path=…)``.
        array_pipeline: Transforms of a decoded image, ``dict(img=…)``.
    """

    config: Config
    model: BaseModel
    file_pipeline: Compose
    array_pipeline: Compose


def load_trained_model(
    source: str | os.PathLike | Config, weights: str | os.PathLike | None = None
) -> TrainedModel:
    """Read a model of the zoo, a model file, or a config and its checkpoint.

    Args:
        source: Name of a model of the zoo, or a model file; or a config, its file or its name.
        weights: Checkpoint of a config: file, URL, or another source that MMEngine knows. Without
            one the network of a config is random.

    Raises:
        FileNotFoundError: There is no such model, config or checkpoint.
        ValueError: A file is damaged, the checkpoint is not one of this network, or the config has
            no test pipeline.
    """
    if weights is None and not isinstance(source, Config) and is_packed(source):
        file = open_model(source)
        cfg, model = config_of(file), build_model(file)
        with only_registered(), DefaultScope.overwrite_default_scope(SCOPE):
            return TrainedModel(cfg, model, *image_pipelines(cfg))
    cfg = source if isinstance(source, Config) else _read_config(source)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', SCOPE)):
        pipelines = image_pipelines(cfg)
        model = MODELS.build(close_classes(cfg.model))
    if weights is not None:
        load_weights(model, weights)
    return TrainedModel(cfg, model, *pipelines)


def is_packed(source: str | os.PathLike) -> bool:
    """Whether a source needs no checkpoint: a model file, or the name of a model of the zoo."""
    name = os.fspath(source)
    return name.endswith(SUFFIX) or (not Path(name).is_file() and has_model(name))


def _read_config(source: str | os.PathLike) -> Config:
    try:
        return read_config(source)
    except FileNotFoundError as error:
        if find_config(source) is not None:
            raise  # a file that the config reads
        raise FileNotFoundError(f'{error}; and {describe_unknown(os.fspath(source))}') from error


def config_of(file: ModelFile) -> Config:
    """The config of a model file, and as ``groups`` and ``calibration`` what else it says."""
    facts = dict(groups=file.info.groups or None, calibration=file.info.calibration or None)
    return Config(dict(file.info.config, default_scope=SCOPE, **facts))


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


@CheckpointLoader.register_scheme(prefixes=_SCHEME)
def load_from_zoo(filename: str, map_location: str | torch.device | None = None) -> dict:
    """Checkpoint of a model of the zoo, for ``load_from`` and ``Pretrained`` initialisation.

    Args:
        filename: ``'zoo://drop_lite0'``, say, or ``zoo://`` and a model file.
        map_location: Ignored: the weights are on the CPU.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: There is no such model, or its file is damaged.
    """
    return {'state_dict': full_precision(open_model(filename.removeprefix(_SCHEME)).weights)}


def image_pipelines(cfg: Config) -> tuple[Compose, Compose]:
    """The config's test pipeline without labels: for image files, and for decoded images.

    It is that of the test data set, or ``test_pipeline`` where the data set renders its images and
    loads none.

    Raises:
        ValueError: The config has no test pipeline.
    """
    loaders, others = image_steps(cfg)
    return Compose([*loaders, *others]), Compose(others)


def image_steps(cfg: Config) -> tuple[list, list]:
    """Configs of the transforms of :func:`image_pipelines`: loading of the image, and the rest.

    Raises:
        ValueError: The config has no test pipeline.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    for steps in (dataset.get('pipeline') or [], cfg.get('test_pipeline') or []):
        loaders = [step for step in steps if type_name(step).startswith('LoadImage')]
        if loaders:
            return loaders, [step for step in steps if not type_name(step).startswith('Load')]
    raise ValueError(
        'neither test_dataloader.dataset.pipeline nor test_pipeline of the config loads images: '
        'a test_pipeline with LoadImage, Resize and PackReIDInputs is needed'
    )
