# ruff: noqa: F403, F405
"""The demo in seconds: 8 iterations an epoch of 4 images, and no random augmentation."""

from mmengine.config import read_base
from mmpretrain.models import ConvNeXt

with read_base():
    from ...configs.drop_demo import *

train_dataloader.update(
    batch_size=4,
    sampler=dict(type=IdentitySampler, num_identities=2, num_instances=2),
    dataset=dict(
        type=SyntheticReID,
        split='train',
        num_identities=4,
        images_per_identity=8,
        image_size=(64, 32),
        num_parts=5,
        pipeline=[dict(type=PackReIDInputs)],
    ),
)
test_dataloader.update(
    batch_size=9,
    dataset=dict(
        type=SyntheticReID,
        split='test',
        num_identities=4,
        images_per_identity=4,
        queries_per_identity=1,
        num_distractors=1,
        image_size=(64, 32),
        num_parts=5,
        pipeline=[dict(type=PackReIDInputs)],
    ),
)
val_dataloader = test_dataloader

model.backbone = dict(
    type=ConvNeXt,
    arch=dict(depths=[1, 1, 1, 1], channels=[4, 8, 12, 16]),
    out_indices=(0, 1, 2, 3),
    gap_before_final_norm=False,
)
model.shared_neck = None
model.parsing_neck.update(in_channels=[4, 8, 12, 16], out_channels=8)
model.parsing_head.in_channels = 8
model.parsing_head.position_encoder.channels = 8
model.reid_head.update(in_channels=40, embed_channels=8, num_classes=4)

train_cfg.update(max_epochs=4, val_interval=4)
param_scheduler = [dict(type=LinearLR, start_factor=0.1, end=12, by_epoch=False)]
default_hooks.logger.interval = 2
default_hooks.non_finite_loss.interval = 2
