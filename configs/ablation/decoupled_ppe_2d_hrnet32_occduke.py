"""DPU + 2-D PPE, HRNet-W32, Occluded-Duke; the paper reports 73.2 Rank-1, 61.6 mAP (Table 9)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe_hrnet32_occduke import *

model.parsing_head.position_encoder.dims = 2
