"""Labels of CUHK03-P1, no GPU: as labels_03, objects and people pasted over every second image."""

from mmengine.config import read_base

from mmdrop.datasets import RandomOcclusion

with read_base():
    from .labels_03 import *

train_dataloader.dataset.pipeline.insert(2, dict(type=RandomOcclusion, prob=0.5, **occluders))
