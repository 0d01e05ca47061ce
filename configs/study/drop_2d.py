"""Small study, no GPU: DROP with the two-dimensional position encoding (Table 9)."""

from mmengine.config import read_base

with read_base():
    from .drop import *

model.parsing_head.position_encoder.dims = 2
