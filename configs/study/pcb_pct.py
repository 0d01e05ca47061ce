"""Small study, no GPU: PCB, six stripes without parsing, PCT loss (Table 5)."""

from mmengine.config import read_base

from mmdrop.models import StripeReIDHead

with read_base():
    from .drop import *

model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=StripeReIDHead,
    num_classes=200,
    in_channels=24 + 40 + 112 + 320,
    part_loss=dict(type=PCTLoss, margin=0.3),
    memory_bank=dict(type=PartMemoryBank, num_batches=4),
)
test_evaluator.embeddings = ('parts',)
val_evaluator.embeddings = ('parts',)
