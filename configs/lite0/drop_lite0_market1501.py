"""DROP as the paper has it, EfficientNet-Lite0 at 128×64, Market-1501; no GPU needed."""

from mmengine.config import read_base

from mmdrop.engine import MultiSetTestLoop

with read_base():
    from .._base_.datasets.market1501_128x64 import *
    from .._base_.default_runtime import *
    from .._base_.models.drop_lite0_128x64 import *
    from .._base_.schedules.adam_cosine_40e import *

model.reid_head.num_classes = 751
test_cfg = dict(type=MultiSetTestLoop, sets=dict(pasted=pasted_dataloader))
