"""Networks with the weights of a model file."""

import copy
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

import mmdrop
from mmdrop.registry import MODELS, SCOPE
from mmdrop.utils import is_training_only
from mmdrop.zoo.index import find_model
from mmdrop.zoo.model_file import SUFFIX, ModelFile, read_model_file
from mmdrop.zoo.registered import only_registered


def get_model(
    name: str | os.PathLike, device: str | torch.device = 'cpu', fuse: bool = False
) -> BaseModel:
    """A trained network in evaluation mode, without a download.

    Args:
        name: Name of a model of :func:`list_models`, or a model file.
        device: Where to put it.
        fuse: Fold batch norms into the layers before them, see :func:`fuse_norms`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: There is no such model, or its file is damaged.
    """
    model = build_model(open_model(name))
    return (fuse_norms(model) if fuse else model).to(device)


def open_model(name: str | os.PathLike) -> ModelFile:
    """Read the file of a model.

    Args:
        name: Name of a model of :func:`list_models`, or a model file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: There is no such model, or its file is damaged.
    """
    text = os.fspath(name)
    return read_model_file(Path(text)) if text.endswith(SUFFIX) else find_model(text).open()


def build_model(file: ModelFile) -> BaseModel:
    """The network of a model file in evaluation mode, on the CPU.

    What only training reads, such as classifiers, is random. No code is run but that of
    registered modules.

    Raises:
        ValueError: The network cannot be built here, or does not fit the weights.
    """
    try:
        with only_registered(), DefaultScope.overwrite_default_scope(SCOPE), _quiet():
            model = MODELS.build(copy.deepcopy(file.info.config['model']))
    except (KeyError, TypeError) as error:
        raise ValueError(
            f'{file.path} cannot be built with mmdrop {mmdrop.__version__}, it was written by '
            f'{file.info.version}: {error}. If it has modules of your own, import them first'
        ) from error
    try:
        lacking, unexpected = model.load_state_dict(full_precision(file.weights), strict=False)
    except RuntimeError as error:
        raise ValueError(f'{file.path} does not fit its own network: {error}') from error
    counters = 'num_batches_tracked'  # of batch norm, which no file holds
    wrong = [
        key for key in lacking if not key.endswith(counters) and not is_training_only(model, key)
    ] + unexpected
    if wrong:
        raise ValueError(
            f'{file.path} does not fit its own network: {len(wrong)} tensors are missing or '
            f'unexpected, such as {wrong[0]}'
        )
    return model.eval()


def full_precision(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State dict in the precision that networks are built in."""
    return {
        key: value.float() if value.dtype == torch.half else value for key, value in weights.items()
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what backbones log of their own making."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def fuse_norms(model: nn.Module) -> nn.Module:
    """Fold batch norms into the convolution or linear layer before them, in place; for inference.

    A norm is taken to follow the layer of as many channels that was registered before it in the
    same module, as it does in mmcv's, mmpretrain's and timm's: a network of yours that has its
    norms elsewhere must not be fused. The model computes the same, up to rounding, and cannot be
    trained any more.

    Args:
        model: Network in evaluation mode.
    """
    for parent in list(model.modules()):
        name = ''
        layer: nn.Module | None = None
        for own_name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d) and _feeds(layer, child):
                if isinstance(layer, nn.Linear):
                    setattr(parent, name, fuse_linear_bn_eval(layer, child))
                elif isinstance(layer, nn.Conv2d):
                    setattr(parent, name, fuse_conv_bn_eval(layer, child))
                # timm's norms hold the activation that follows
                setattr(parent, own_name, getattr(child, 'act', nn.Identity()))
            name, layer = own_name, child
    return model.to(memory_format=getattr(model, 'memory_format', torch.contiguous_format))


def _feeds(layer: nn.Module | None, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> bool:
    if isinstance(layer, nn.Linear):
        return layer.out_features == norm.num_features
    return isinstance(layer, nn.Conv2d) and layer.out_channels == norm.num_features
