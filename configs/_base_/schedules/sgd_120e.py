"""SOLIDER-REID's schedule: SGD, a cosine over all epochs, and warm-up, here as a factor of it."""

from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from torch.optim import SGD

optim_wrapper = dict(
    type=OptimWrapper,
    optimizer=dict(type=SGD, lr=8e-4, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(bias_lr_mult=2),
)
param_scheduler = [
    dict(type=LinearLR, start_factor=0.01, begin=0, end=21, by_epoch=True),
    dict(type=CosineAnnealingLR, T_max=120, eta_min=1.6e-6, by_epoch=True),
]
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=120, val_interval=20)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
auto_scale_lr = dict(base_batch_size=64, enable=False)
