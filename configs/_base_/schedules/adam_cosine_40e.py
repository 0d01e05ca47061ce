"""Adam with a cosine over 40 epochs, from ImageNet weights at 128×64 (docs/drop_plus.md)."""

from mmengine.config import read_base
from mmengine.optim import CosineAnnealingLR, LinearLR

with read_base():
    from .adam_120e import *

optim_wrapper.optimizer.lr = 2e-3
param_scheduler = [
    dict(type=LinearLR, start_factor=0.01, end=51, by_epoch=False),
    dict(type=CosineAnnealingLR, T_max=40, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]
# Tested once, at the end: nothing is chosen by it.
train_cfg.update(max_epochs=40, val_interval=40)
