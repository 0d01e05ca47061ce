"""Breadth, no GPU: as breadth_base, embeddings of 1024 channels."""

from mmengine.config import read_base

with read_base():
    from .breadth_base import *

model.reid_head.embed_channels = 1024
