"""Fine-tuning, no GPU: three times the learning rate."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

optim_wrapper.optimizer.lr = 1e-3
