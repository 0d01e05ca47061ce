"""Small study, no GPU: DPU, PPE and spatial smoothing, no bank (Table 4, fifth row)."""

from mmengine.config import read_base

with read_base():
    from .drop import *

model.reid_head.memory_bank = None
