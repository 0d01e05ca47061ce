"""DROP, HRNet-W32, Occluded-REID, half split; the paper reports 94.2 Rank-1 (Table 2)."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.occluded_reid import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_hrnet32 import *
    from ._base_.schedules.adam_120e import *

model.reid_head.num_classes = 100
