"""DROP, SOLIDER Swin-T, Market-1501; not in the paper, no figure to expect."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.market1501 import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_solider_swint import *
    from ._base_.schedules.sgd_120e import *

model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
model.reid_head.num_classes = 751
