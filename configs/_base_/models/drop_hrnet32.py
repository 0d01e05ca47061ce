from mmengine.model import ImgDataPreprocessor
from mmpretrain.models import HRNet

from mmdrop.models import (
    DPU,
    DROP,
    WAMP,
    HRNetIncrease,
    ParsingHead,
    PartMemoryBank,
    PartReIDHead,
    PCTLoss,
    PedestrianPositionEncoder,
    SpatialSmoothedCELoss,
    UpsampleConcat,
)

pretrained = 'https://download.openmmlab.com/mmclassification/v0/hrnet/hrnet-w32_3rdparty_8xb32_in1k_20220120-c394f1ab.pth'

model = dict(
    type=DROP,
    data_preprocessor=dict(
        type=ImgDataPreprocessor,
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        non_blocking=True,
    ),
    backbone=dict(
        type=HRNet,
        arch='w32',
        init_cfg=dict(type='Pretrained', checkpoint=pretrained, prefix='backbone'),
    ),
    shared_neck=dict(
        type=HRNetIncrease,
        in_channels=[32, 64, 128, 256],
        init_cfg=dict(type='Pretrained', checkpoint=pretrained, prefix='neck'),
    ),
    reid_neck=dict(type=UpsampleConcat),
    parsing_neck=dict(type=DPU, in_channels=[128, 256, 512, 1024], out_channels=128),
    parsing_head=dict(
        type=ParsingHead,
        in_channels=128,
        num_parts=8,
        position_encoder=dict(type=PedestrianPositionEncoder, channels=128),
        loss=dict(type=SpatialSmoothedCELoss, smoothing=0.1, gamma=0.5),
        loss_weight=0.4,
    ),
    reid_head=dict(
        type=PartReIDHead,
        num_classes=702,
        in_channels=1920,
        num_parts=8,
        pooling=dict(type=WAMP),
        part_loss=dict(type=PCTLoss, margin=0.3),
        memory_bank=dict(type=PartMemoryBank, num_batches=4),
    ),
)
