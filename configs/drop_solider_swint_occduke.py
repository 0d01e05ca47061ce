"""DROP, SOLIDER Swin-T, Occluded-Duke; not in the paper, no figure to expect."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.occluded_duke import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_solider_swint import *
    from ._base_.schedules.sgd_120e import *

model.reid_head.num_classes = 702
