from mmengine.config import read_base

from mmdrop.models import GlobalReIDHead

with read_base():
    from .drop_lite0_128x64 import *

model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=GlobalReIDHead,
    num_classes=None,
    in_channels=24 + 40 + 112 + 320,
    triplet_loss=dict(type=PCTLoss, margin=0.3),
)
