"""Small study, no GPU: DPU and PPE, part-averaged triplet (Tables 4, 5 and 9)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe_pct import *

model.reid_head.memory_bank = None
