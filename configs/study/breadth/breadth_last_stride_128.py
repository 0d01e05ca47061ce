"""Breadth, no GPU: as breadth_last_stride, embeddings of 128 channels."""

from mmengine.config import read_base

with read_base():
    from .breadth_last_stride import *

model.reid_head.embed_channels = 128
