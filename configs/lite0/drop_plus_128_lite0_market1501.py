"""DROP Plus with embeddings of 128 channels (docs/breadth.md), Market-1501; no GPU needed."""

from mmengine.config import read_base

with read_base():
    from .drop_plus_lite0_market1501 import *

model.reid_head.embed_channels = 128
