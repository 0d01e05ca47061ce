"""DPU + PPE, HRNet-W32, Occluded-Duke; the paper reports 74.6 Rank-1, 61.7 mAP (Table 4)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe_pct_hrnet32_occduke import *

model.reid_head.memory_bank = None  # part-averaged triplet loss
