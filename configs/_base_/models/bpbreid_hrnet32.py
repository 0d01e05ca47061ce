"""BPBReID (Somers et al., WACV 2023) of the parts of this package, from its public description."""

from mmengine.config import read_base

from mmdrop.models import WAP

with read_base():
    from .drop_hrnet32 import *

# Coupled: the pixel classifier reads the map that is pooled, and all losses train both.
model.parsing_neck = None
model.parsing_head = dict(
    type=ParsingHead,
    in_channels=1920,
    num_parts=8,
    loss=dict(type=SpatialSmoothedCELoss, smoothing=0.1, gamma=0.0),
    loss_weight=0.35,
)
# GiLt: identity losses on global, foreground and concatenated parts, triplet loss on the parts.
model.reid_head.update(
    pooling=dict(type=WAP),
    foreground_pooling=dict(type=WAP, normalize=False),
    memory_bank=None,
    visibility='argmax',
)
