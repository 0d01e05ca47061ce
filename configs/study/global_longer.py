"""Small study, no GPU: the global baseline for half as many epochs again, beyond DROP's time."""

from mmengine.config import read_base

with read_base():
    from .global_only import *

train_cfg.update(max_epochs=12, val_interval=12)
param_scheduler[1].T_max = 12
