"""DROP with an HRNet of 16 channels and one block a branch, for small images and no pretraining."""

from mmengine.config import read_base

with read_base():
    from .drop_hrnet32 import *

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
    type=HRNetIncrease, in_channels=[16, 32, 64, 128], out_channels=[24, 48, 96, 192]
)
model.parsing_neck.update(in_channels=[24, 48, 96, 192], out_channels=64)
model.parsing_head.update(in_channels=64, num_parts=5)
model.parsing_head.position_encoder.channels = 64
model.reid_head.update(in_channels=360, embed_channels=128, num_parts=5)
