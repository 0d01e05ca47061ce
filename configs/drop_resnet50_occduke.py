"""DROP, ResNet-50, Occluded-Duke; the paper reports 69.3 Rank-1, 54.0 mAP (Table 7)."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.occluded_duke import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_resnet50 import *
    from ._base_.schedules.adam_120e import *

model.reid_head.num_classes = 702
