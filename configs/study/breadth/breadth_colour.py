"""Breadth, no GPU: as breadth_base, brightness, contrast, saturation and hue drawn anew."""

from mmengine.config import read_base
from mmpretrain.datasets import NumpyToPIL, PILToNumpy

with read_base():
    from .breadth_base import *

# torchvision's, as shifting the hue by MMCV fails with NumPy 2.
train_dataloader.dataset.pipeline[2:2] = [
    dict(type=NumpyToPIL, to_rgb=True),
    dict(
        type='mmpretrain.torchvision/ColorJitter',
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        hue=0.1,
    ),
    dict(type=PILToNumpy, to_bgr=True),
]
