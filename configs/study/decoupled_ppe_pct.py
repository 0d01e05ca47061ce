"""Small study, no GPU: DPU, PPE and PCT, all rows of the bank as anchors (Table 4 and 5)."""

from mmengine.config import read_base

with read_base():
    from .drop import *

model.parsing_head.loss.gamma = 0.0
