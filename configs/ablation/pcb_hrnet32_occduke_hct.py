"""PCB*, HCT loss, HRNet-W32, Occluded-Duke; the paper reports 50.4 mAP, no Rank-1 (Table 5)."""

from mmengine.config import read_base

from mmdrop.models import HCTLoss

with read_base():
    from .pcb_hrnet32_occduke_average import *

model.reid_head.part_loss = dict(type=HCTLoss, margin=0.3)
