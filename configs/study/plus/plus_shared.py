"""Candidate for drop_plus, no GPU: PCT over the parts that both images show."""

from mmengine.config import read_base

with read_base():
    from .plus_base import *

model.reid_head.visible_only = True
