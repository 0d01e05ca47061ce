"""Fine-tuning, no GPU: to ten people."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

train_dataloader.dataset.identities = (0, 10)
val_dataloader.dataset.identities = (10, 503)
