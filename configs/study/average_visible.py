"""Small study, no GPU: part-averaged triplet over the parts that both images show (Table 5)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe import *

model.reid_head.visible_only = True
