"""Small study, no GPU: DROP with GWAP for WAMP, the average without the maximum (Section 7)."""

from mmengine.config import read_base

from mmdrop.models import WAP

with read_base():
    from .drop import *

model.reid_head.pooling = dict(type=WAP)
