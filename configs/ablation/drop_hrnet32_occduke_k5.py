"""DROP, K = 5, HRNet-W32, Occluded-Duke; the paper reports 75.2 Rank-1, 63.6 mAP (Table 8)."""

from mmengine.config import read_base

with read_base():
    from ..drop_hrnet32_occduke import *

train_dataloader.dataset.pipeline[1].num_parts = 5
model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
