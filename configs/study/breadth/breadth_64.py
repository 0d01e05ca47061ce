"""Breadth, no GPU: as breadth_base, embeddings of 64 channels."""

from mmengine.config import read_base

with read_base():
    from .breadth_base import *

model.reid_head.embed_channels = 64
