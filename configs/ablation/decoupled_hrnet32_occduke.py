"""DPU alone, HRNet-W32, Occluded-Duke; the paper reports 73.5 Rank-1, 61.3 mAP (Table 4)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe_hrnet32_occduke import *

model.parsing_head.position_encoder = None
