"""Fine-tuning, no GPU: to 25 people."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

train_dataloader.dataset.identities = (0, 25)
val_dataloader.dataset.identities = (25, 503)
