"""Breadth, no GPU: as breadth_base, three of ten training images in grey."""

from mmcv.transforms import RandomGrayscale
from mmengine.config import read_base

with read_base():
    from .breadth_base import *

train_dataloader.dataset.pipeline.insert(
    2, dict(type=RandomGrayscale, prob=0.3, keep_channels=True)
)
