"""Small study, no GPU: PCT with the batch alone as anchors (for Table 5)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe_pct import *

model.reid_head.anchors = 'batch'
