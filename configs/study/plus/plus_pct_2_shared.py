"""Candidate for drop_plus, no GPU: plus_pct_2 and plus_shared together."""

from mmengine.config import read_base

with read_base():
    from .plus_pct_2 import *

model.reid_head.visible_only = True
