"""BPBReID, HRNet-W32, Occluded-Duke; the paper reports 73.9 Rank-1, 62.0 mAP (Table 1)."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.occluded_duke import *
    from ._base_.default_runtime import *
    from ._base_.models.bpbreid_hrnet32 import *
    from ._base_.schedules.adam_120e import *

model.reid_head.num_classes = 702

# As published: no mirroring, and erased rectangles by their sides, in a light grey.
train_dataloader.dataset.pipeline[3].prob = 0.0
train_dataloader.dataset.pipeline[5].update(sides=(0.15, 0.65), fill=(127, 142, 152))
