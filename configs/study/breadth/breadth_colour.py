"""Breadth, no GPU: as breadth_base, brightness, contrast, saturation and hue drawn anew."""

from mmengine.config import read_base
from mmpretrain.datasets import ColorJitter

with read_base():
    from .breadth_base import *

train_dataloader.dataset.pipeline.insert(
    2, dict(type=ColorJitter, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, backend='cv2')
)
