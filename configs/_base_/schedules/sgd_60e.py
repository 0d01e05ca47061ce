"""PCB's schedule: new layers at 0.1, the backbone at a tenth of it."""

from mmengine.optim import MultiStepLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from torch.optim import SGD

optim_wrapper = dict(
    type=OptimWrapper,
    optimizer=dict(type=SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}),
)
param_scheduler = [dict(type=MultiStepLR, milestones=[40], gamma=0.1, by_epoch=True)]
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=60, val_interval=20)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
auto_scale_lr = dict(base_batch_size=64, enable=False)
