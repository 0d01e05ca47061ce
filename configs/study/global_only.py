"""Small study, no GPU: one embedding of the whole image, with a triplet loss of its own."""

from mmengine.config import read_base

from mmdrop.models import GlobalReIDHead

with read_base():
    from .drop import *

model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=GlobalReIDHead,
    num_classes=200,
    in_channels=24 + 40 + 112 + 320,
    triplet_loss=dict(type=PCTLoss, margin=0.3),
)
test_evaluator.embeddings = ('global',)
val_evaluator.embeddings = ('global',)
