"""The demo's global-only baseline: one embedding of the whole image, same data and time."""

from mmengine.config import read_base

from mmdrop.models import GlobalReIDHead

with read_base():
    from .drop_demo import *

model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=GlobalReIDHead,
    num_classes=200,
    in_channels=360,
    embed_channels=512,
    triplet_loss=dict(type=PCTLoss, margin=0.3),
)
# An iteration takes less time than one of drop_demo, so there are more of them.
train_cfg.update(max_epochs=15, val_interval=15)
param_scheduler[1].T_max = 15

test_evaluator.embeddings = ('global',)
val_evaluator.embeddings = ('global',)
