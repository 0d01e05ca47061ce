"""Breadth, no GPU: as breadth_base, MixStyle behind the first two stages."""

from mmengine.config import read_base

from mmdrop.models import GeneralTIMMBackbone

with read_base():
    from .breadth_base import *

model.backbone.type = GeneralTIMMBackbone
model.backbone.mix_stages = ('blocks.0', 'blocks.1')
