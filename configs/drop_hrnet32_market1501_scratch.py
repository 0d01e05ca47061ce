"""DROP, HRNet-W32 from scratch, Market-1501; pretrained the paper reports 95.6 Rank-1 (Table 3)."""

from mmengine.config import read_base

from mmdrop.engine import MultiSetTestLoop

with read_base():
    from ._base_.datasets.pasted_market1501 import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_hrnet32 import *
    from ._base_.schedules.adam_120e import *

model.backbone.init_cfg = None
model.shared_neck.init_cfg = None
model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
model.reid_head.num_classes = 751

# The proxy is tested beside Market-1501.
test_cfg = dict(type=MultiSetTestLoop, sets=dict(pasted=pasted_dataloader))
