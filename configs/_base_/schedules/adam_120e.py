from mmengine.optim import LinearLR, MultiStepLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from torch.optim import Adam

optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=Adam, lr=3.5e-4, weight_decay=5e-4))
param_scheduler = [
    dict(type=LinearLR, start_factor=0.01, begin=0, end=11, by_epoch=True),
    dict(type=MultiStepLR, milestones=[40, 70], gamma=0.1, by_epoch=True),
]
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=120, val_interval=20)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)

# 16 identities × 4 images. With `enable` the learning rate follows the batch of all processes.
auto_scale_lr = dict(base_batch_size=64, enable=False)
