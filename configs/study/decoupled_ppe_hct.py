"""Small study, no GPU: DPU and PPE, part-level HCT loss (Table 5)."""

from mmengine.config import read_base

from mmdrop.models import HCTLoss

with read_base():
    from .decoupled_ppe import *

model.reid_head.part_loss = dict(type=HCTLoss, margin=0.3)
