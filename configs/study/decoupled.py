"""Small study, no GPU: DPU, no other part of DROP (Table 4, second row)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe import *

model.parsing_head.position_encoder = None
