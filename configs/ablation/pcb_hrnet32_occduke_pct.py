"""PCB*, PCT loss, HRNet-W32, Occluded-Duke; the paper reports 63.2 Rank-1, 52.3 mAP (Table 5)."""

from mmengine.config import read_base

from mmdrop.models import StripeReIDHead

with read_base():
    from ..drop_hrnet32_occduke import *

train_dataloader.dataset.pipeline.pop(1)  # no labels
model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=StripeReIDHead,
    num_classes=702,
    in_channels=1920,
    part_loss=dict(type=PCTLoss, margin=0.3),
    memory_bank=dict(type=PartMemoryBank, num_batches=4),
)
test_evaluator.embeddings = ('parts',)
val_evaluator.embeddings = ('parts',)
