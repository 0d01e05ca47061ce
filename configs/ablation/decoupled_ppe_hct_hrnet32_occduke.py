"""DPU + PPE + HCT, HRNet-W32, Occluded-Duke; the paper reports 73.8 Rank-1, 61.3 mAP (Table 5)."""

from mmengine.config import read_base

from mmdrop.models import HCTLoss

with read_base():
    from .decoupled_ppe_hrnet32_occduke import *

model.reid_head.part_loss = dict(type=HCTLoss, margin=0.3)
