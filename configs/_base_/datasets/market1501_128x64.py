"""Market-1501 and Pasted-Market at 128×64, its own resolution."""

from mmengine.config import read_base

with read_base():
    from .pasted_market1501 import *

train_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.dataset.pipeline[4].padding = 5
test_dataloader.dataset.pipeline[1].scale = (64, 128)
val_dataloader.dataset.pipeline[1].scale = (64, 128)
pasted_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.num_workers = 2
test_dataloader.num_workers = 2
val_dataloader.num_workers = 2
pasted_dataloader.num_workers = 2
