"""Small study, no GPU: PCT over the parts that both images show (for Table 5)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_ppe_pct import *

model.reid_head.visible_only = True
