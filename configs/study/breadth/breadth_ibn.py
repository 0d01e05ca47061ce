"""Breadth, no GPU: as breadth_base, instance norms in the first three stages."""

from mmengine.config import read_base

from mmdrop.models import GeneralTIMMBackbone

with read_base():
    from .breadth_base import *

model.backbone.type = GeneralTIMMBackbone
model.backbone.ibn_stages = ('blocks.0', 'blocks.1', 'blocks.2')
