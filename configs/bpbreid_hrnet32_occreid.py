"""BPBReID, HRNet-W32, Occluded-REID, half split; the paper reports 93.8 Rank-1 (Table 2)."""

from mmcv.transforms import RandomApply
from mmengine.config import read_base
from mmpretrain.datasets import ColorJitter

with read_base():
    from ._base_.datasets.occluded_reid import *
    from ._base_.default_runtime import *
    from ._base_.models.bpbreid_hrnet32 import *
    from ._base_.schedules.adam_120e import *

model.reid_head.num_classes = 100
# On this set GiLt has a triplet loss on the foreground too.
model.reid_head.foreground_loss = dict(type=PCTLoss, margin=0.3)
model.parsing_head.loss_weight = 0.7

# As published for this set: mirroring, colour jitter, and erased rectangles by their sides.
jitter = dict(type=ColorJitter, brightness=0.2, contrast=0.15)
train_dataloader.dataset.pipeline[5].update(sides=(0.15, 0.65), fill=(127, 142, 152))
train_dataloader.dataset.pipeline.insert(5, dict(type=RandomApply, transforms=[jitter], prob=0.5))
