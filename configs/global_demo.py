"""The global-only baseline of `drop_demo`: one embedding of the whole image, same data and time."""

from mmengine.config import read_base

from mmdrop.models import GlobalReIDHead

with read_base():
    from .drop_demo import *

model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=GlobalReIDHead,
    num_classes=100,
    in_channels=480,
    embed_channels=128,
    triplet_loss=dict(type=PCTLoss, margin=0.3),
)
test_evaluator.embeddings = ('global',)
val_evaluator.embeddings = ('global',)
