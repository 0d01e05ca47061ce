"""DROP, EfficientNet-Lite0 with ImageNet weights from a package, Market-1501; for one small GPU."""

from mmengine.config import read_base

from mmdrop.engine import MultiSetTestLoop

with read_base():
    from ._base_.datasets.pasted_market1501 import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_efficientnetlite0 import *
    from ._base_.schedules.adam_120e import *

model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
model.reid_head.num_classes = 751

# The proxy is tested beside Market-1501.
test_cfg = dict(type=MultiSetTestLoop, sets=dict(pasted=pasted_dataloader))
