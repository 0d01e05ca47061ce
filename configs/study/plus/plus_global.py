"""Candidate for drop_plus, no GPU: the global baseline's triplet loss on global embeddings."""

from mmengine.config import read_base

from mmdrop.models import PCTLoss

with read_base():
    from .plus_base import *

model.reid_head.global_loss = dict(type=PCTLoss, margin=0.3)
