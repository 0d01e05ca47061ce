"""DROP Plus (docs/drop_plus.md), EfficientNet-Lite0, CUHK03-P1-Occluded; no GPU needed."""

from mmengine.config import read_base

with read_base():
    from .drop_lite0_cuhk03p1 import *

model.reid_head.part_loss.loss_weight = 2.0
# Behind the labels: what is pasted over a part is background in its label.
train_dataloader.dataset.pipeline.insert(2, cuhk03p1_occluders)
