"""Breadth, no GPU: as breadth_base, the last stage keeps its maps at 8×4 instead of 4×2 cells."""

from mmengine.config import read_base

from mmdrop.models import GeneralTIMMBackbone

with read_base():
    from .breadth_base import *

model.backbone.type = GeneralTIMMBackbone
model.backbone.stride_1 = ('blocks.5',)
