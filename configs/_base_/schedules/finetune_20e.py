"""A few epochs from trained weights, with classifiers of one's own people."""

from mmengine.config import read_base
from mmengine.optim import CosineAnnealingLR, LinearLR

with read_base():
    from .adam_120e import *

param_scheduler = [
    dict(type=LinearLR, start_factor=0.1, end=10, by_epoch=False),
    dict(type=CosineAnnealingLR, T_max=20, eta_min=1e-6, by_epoch=True, convert_to_iter_based=True),
]
train_cfg.update(max_epochs=20, val_interval=20)
