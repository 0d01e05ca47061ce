"""Small study, no GPU: PCB, six stripes without parsing, part-level HCT loss (Table 5)."""

from mmengine.config import read_base

from mmdrop.models import HCTLoss

with read_base():
    from .pcb_average import *

model.reid_head.part_loss = dict(type=HCTLoss, margin=0.3)
