"""Small study, no GPU: BPBReID, re-built from its description (for Tables 1 to 3)."""

from mmengine.config import read_base

from mmdrop.models import WAP

with read_base():
    from .coupled_flow import *

model.parsing_head.loss_weight = 0.35
model.reid_head.update(
    pooling=dict(type=WAP),
    foreground_pooling=dict(type=WAP, normalize=False),
    foreground_loss=dict(type=PCTLoss, margin=0.3),
    visibility='argmax',
)
# No mirroring, and rectangles by their sides in a light grey.
train_dataloader.dataset.pipeline[5].update(sides=(0.15, 0.65), fill=(127, 142, 152))
train_dataloader.dataset.pipeline[3].prob = 0.0
