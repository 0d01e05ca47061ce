"""DPU + PPE + SS, HRNet-W32, Occluded-Duke; the paper reports 75.2 Rank-1, 62.2 mAP (Table 4)."""

from mmengine.config import read_base

with read_base():
    from ..drop_hrnet32_occduke import *

model.reid_head.memory_bank = None
