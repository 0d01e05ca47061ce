"""DROP as the paper has it, EfficientNet-Lite0 at 128×64, CUHK03-P1-Occluded; no GPU needed."""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.cuhk03p1_occluded import *
    from .._base_.default_runtime import *
    from .._base_.models.drop_lite0_128x64 import *
    from .._base_.schedules.adam_cosine_40e import *

model.reid_head.num_classes = 503
