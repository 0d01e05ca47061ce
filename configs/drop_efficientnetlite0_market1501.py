"""DROP, EfficientNet-Lite0 with ImageNet weights from a package, Market-1501; for one small GPU."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.market1501_keypoints import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_efficientnetlite0 import *
    from ._base_.schedules.adam_120e import *

model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
model.reid_head.num_classes = 751
