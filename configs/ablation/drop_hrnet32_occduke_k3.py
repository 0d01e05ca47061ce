"""DROP, K = 3, HRNet-W32, Occluded-Duke; the paper reports 69.9 Rank-1, 57.2 mAP (Table 8)."""

from mmengine.config import read_base

with read_base():
    from ..drop_hrnet32_occduke import *

train_dataloader.dataset.pipeline[1].num_parts = 3
model.parsing_head.num_parts = 3
model.reid_head.num_parts = 3
