"""DROP, K = 7, HRNet-W32, Occluded-Duke; the paper reports 74.0 Rank-1, 62.5 mAP (Table 8)."""

from mmengine.config import read_base

with read_base():
    from ..drop_hrnet32_occduke import *

train_dataloader.dataset.pipeline[1].num_parts = 7
model.parsing_head.num_parts = 7
model.reid_head.num_parts = 7
