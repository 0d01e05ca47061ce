"""Small study, no GPU: DPU and PPE, part-averaged triplet (Table 4, third row; Table 5; Table 9)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe_pct import *

model.reid_head.memory_bank = None
