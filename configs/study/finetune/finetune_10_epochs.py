"""Fine-tuning, no GPU: half as many epochs."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

param_scheduler[1].T_max = 10
train_cfg.update(max_epochs=10, val_interval=10)
