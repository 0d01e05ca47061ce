"""DROP, K = 4, HRNet-W32, Occluded-Duke; the paper reports 73.7 Rank-1, 63.0 mAP (Table 8)."""

from mmengine.config import read_base

with read_base():
    from ..drop_hrnet32_occduke import *

train_dataloader.dataset.pipeline[1].num_parts = 4
model.parsing_head.num_parts = 4
model.reid_head.num_parts = 4
