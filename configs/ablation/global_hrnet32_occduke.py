"""Global baseline, HRNet-W32, Occluded-Duke; the paper reports 57.8 Rank-1, 49.6 mAP (Table 4)."""

from mmengine.config import read_base

from mmdrop.models import GlobalReIDHead

with read_base():
    from .decoupled_hrnet32_occduke import *

# One embedding of the whole image: the baseline of Table 4 (docs/paper_notes.md).
train_dataloader.dataset.pipeline.pop(1)  # no labels
model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=GlobalReIDHead,
    num_classes=702,
    in_channels=1920,
    triplet_loss=dict(type=PCTLoss, margin=0.3),
)
test_evaluator.embeddings = ('global',)
val_evaluator.embeddings = ('global',)
