"""DROP, MobileNetV2 from scratch, Market-1501 at 128×64, labels from key points; needs no GPU."""

from mmengine.config import read_base
from mmengine.optim import CosineAnnealingLR, LinearLR

with read_base():
    from ._base_.datasets.market1501_keypoints import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_mobilenetv2 import *
    from ._base_.schedules.adam_120e import *

model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
model.reid_head.num_classes = 751

# 128×64 instead of 256×128
train_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.dataset.pipeline[4].padding = 5
test_dataloader.dataset.pipeline[1].scale = (64, 128)
val_dataloader.dataset.pipeline[1].scale = (64, 128)
train_dataloader.num_workers = 2
test_dataloader.num_workers = 2
val_dataloader.num_workers = 2

optim_wrapper.optimizer.lr = 1e-3
param_scheduler = [
    dict(type=LinearLR, start_factor=0.01, end=201, by_epoch=False),
    dict(type=CosineAnnealingLR, T_max=8, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]
train_cfg.update(max_epochs=8, val_interval=8)
