"""Candidate for drop_plus, no GPU: plus_pct_2 and plus_occluded together."""

from mmengine.config import read_base

with read_base():
    from .plus_occluded import *

model.reid_head.part_loss.loss_weight = 2.0
