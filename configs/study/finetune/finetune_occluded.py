"""Fine-tuning, no GPU: as DROP Plus trains, with pasted occluders and twice the weight of PCT."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

model.reid_head.part_loss.loss_weight = 2.0
train_dataloader.dataset.pipeline.insert(2, cuhk03p1_occluders)
