"""Fine-tuning, no GPU: twice as many epochs."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

param_scheduler[1].T_max = 40
train_cfg.update(max_epochs=40, val_interval=40)
