"""Candidate for drop_plus, no GPU: four times the weight of the PCT loss."""

from mmengine.config import read_base

with read_base():
    from .plus_base import *

model.reid_head.part_loss.loss_weight = 4.0
