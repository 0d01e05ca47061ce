"""Small study, no GPU: PCB, six stripes without parsing, part-averaged triplet (Table 5)."""

from mmengine.config import read_base

with read_base():
    from .pcb_pct import *

model.reid_head.memory_bank = None
