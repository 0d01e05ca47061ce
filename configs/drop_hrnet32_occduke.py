"""DROP, HRNet-W32, Occluded-Duke; the paper reports 76.8 Rank-1, 63.3 mAP (Table 1)."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.occluded_duke import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_hrnet32 import *
    from ._base_.schedules.adam_120e import *

model.reid_head.num_classes = 702
