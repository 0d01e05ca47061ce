"""Backbones that mmpretrain lacks, and the loading of their published weights."""

from . import exportable_windows  # for its effect on mmpretrain
from .package_weights import load_from_package, rename_efficientnet_lite0
from .resnet_ibn import ResNetIBN
from .solider_swin import SOLIDERSwin, load_solider
from .timm_general import GeneralTIMMBackbone

__all__ = [
    'GeneralTIMMBackbone',
    'ResNetIBN',
    'SOLIDERSwin',
    'exportable_windows',
    'load_from_package',
    'load_solider',
    'rename_efficientnet_lite0',
]
