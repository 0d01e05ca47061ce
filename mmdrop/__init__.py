"""Occluded person re-identification with DROP (arXiv 2401.18032) on MMEngine."""

from importlib import import_module
from importlib.util import find_spec

__version__ = '0.1.0'

# mmcv and mmcv-lite install the same import package, so neither can be a hard dependency.
if find_spec('mmcv') is None:
    raise ImportError(
        'mmdrop needs mmcv 2.1 or later, or mmcv-lite, which is enough and needs no compiler: '
        "pip install 'mmcv-lite>=2.1'"
    )

# With transformers and pycocotools installed, mmpretrain.models also imports BLIP and its like,
# which break with a transformers of today. No part of mmdrop needs them; whoever does imports
# mmpretrain.models first.
vars(import_module('mmpretrain.utils.dependency'))['WITH_MULTIMODAL'] = False
