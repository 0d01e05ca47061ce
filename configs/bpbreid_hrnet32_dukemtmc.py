"""BPBReID, HRNet-W32, DukeMTMC-reID; the paper reports 91.7 Rank-1, 83.5 mAP (Table 3)."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.dukemtmc import *
    from ._base_.default_runtime import *
    from ._base_.models.bpbreid_hrnet32 import *
    from ._base_.schedules.adam_120e import *

model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
model.reid_head.num_classes = 702
# On this set GiLt has a triplet loss on the foreground too.
model.reid_head.foreground_loss = dict(type=PCTLoss, margin=0.3)

# As published: no mirroring, and erased rectangles by their sides, in a light grey.
train_dataloader.dataset.pipeline[3].prob = 0.0
train_dataloader.dataset.pipeline[5].update(sides=(0.15, 0.65), fill=(127, 142, 152))
