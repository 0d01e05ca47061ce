"""Candidate for drop_plus, no GPU: the triplet loss of the global baseline on the global embedding."""

from mmengine.config import read_base

from mmdrop.models import PCTLoss

with read_base():
    from .plus_base import *

model.reid_head.global_loss = dict(type=PCTLoss, margin=0.3)
