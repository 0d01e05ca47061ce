"""For backbones with layer norm: AdamW with warm-up and cosine; not tuned on ReID."""

from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from torch.optim import AdamW

optim_wrapper = dict(
    type=OptimWrapper,
    optimizer=dict(type=AdamW, lr=3.5e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.2)}, norm_decay_mult=0.0),
)
param_scheduler = [
    dict(type=LinearLR, start_factor=0.01, begin=0, end=11, by_epoch=True),
    dict(type=CosineAnnealingLR, T_max=110, begin=10, end=120, eta_min=1e-6, by_epoch=True),
]
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=120, val_interval=20)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
auto_scale_lr = dict(base_batch_size=64, enable=False)
