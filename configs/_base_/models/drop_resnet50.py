from mmengine.config import read_base
from mmpretrain.models import ResNet

with read_base():
    from .drop_hrnet32 import *

model.backbone = dict(
    type=ResNet,
    depth=50,
    out_indices=(0, 1, 2, 3),
    strides=(1, 2, 2, 1),
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth',
        prefix='backbone',
    ),
)
model.shared_neck = None
# P_reid is the last level, upsampled to the size of the first (DROP, Section 4.3).
model.reid_neck.indices = (3,)
model.parsing_neck.in_channels = [256, 512, 1024, 2048]
model.reid_head.in_channels = 2048
