"""Small study, no GPU: DPU with the two-dimensional position encoding (Table 9, last row)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe import *

model.parsing_head.position_encoder.dims = 2
