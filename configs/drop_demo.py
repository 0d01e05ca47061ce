"""DROP on rendered pedestrians with a small HRNet: no file, no GPU, a few minutes."""

from mmengine.config import read_base
from mmengine.optim import CosineAnnealingLR, LinearLR

from mmdrop.datasets import (
    EraseWithParts,
    FlipWithParts,
    PackReIDInputs,
    PadCropWithParts,
    SyntheticReID,
)

with read_base():
    from ._base_.datasets.reid_256x128 import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_hrnet32 import *
    from ._base_.schedules.adam_120e import *

train_pipeline = [
    dict(type=FlipWithParts, prob=0.5),
    dict(type=PadCropWithParts, padding=5),
    dict(type=EraseWithParts, prob=0.5),
    dict(type=PackReIDInputs),
]
# For images from files: `ReIDInferencer('drop_demo', …)`.
test_pipeline = [
    dict(type=LoadImage),
    dict(type=Resize, scale=(64, 128)),
    dict(type=PackReIDInputs),
]
train_dataloader.update(
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    dataset=dict(type=SyntheticReID, split='train', pipeline=train_pipeline),
)
test_dataloader.update(
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    dataset=dict(type=SyntheticReID, split='test', pipeline=[dict(type=PackReIDInputs)]),
)
val_dataloader = test_dataloader

model.backbone = dict(
    type=HRNet,
    extra=dict(
        stage1=dict(
            num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(16,)
        ),
        stage2=dict(
            num_modules=1, num_branches=2, block='BASIC', num_blocks=(1, 1), num_channels=(16, 32)
        ),
        stage3=dict(
            num_modules=1,
            num_branches=3,
            block='BASIC',
            num_blocks=(1, 1, 1),
            num_channels=(16, 32, 64),
        ),
        stage4=dict(
            num_modules=1,
            num_branches=4,
            block='BASIC',
            num_blocks=(1, 1, 1, 1),
            num_channels=(16, 32, 64, 128),
        ),
    ),
)
model.shared_neck = dict(
    type=HRNetIncrease, in_channels=[16, 32, 64, 128], out_channels=[32, 64, 128, 256]
)
model.parsing_neck.update(in_channels=[32, 64, 128, 256], out_channels=32)
model.parsing_head.in_channels = 32
model.parsing_head.position_encoder.channels = 32
model.reid_head.update(in_channels=480, embed_channels=128, num_classes=100)

train_cfg.update(max_epochs=12, val_interval=12)
param_scheduler = [
    dict(type=LinearLR, start_factor=0.1, end=50, by_epoch=False),
    dict(type=CosineAnnealingLR, T_max=12, eta_min=1e-6, by_epoch=True, convert_to_iter_based=True),
]
default_hooks.logger.interval = 10
