from mmengine.config import read_base
from mmpretrain.models import ResNet

with read_base():
    from .bpbreid_hrnet32 import *

# BPBReID pools the map of a ResNet as it is, 16×8 for images of 256×128.
model.backbone = dict(
    type=ResNet,
    depth=50,
    out_indices=(3,),
    strides=(1, 2, 2, 1),
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth',
        prefix='backbone',
    ),
)
model.shared_neck = None
model.parsing_head.in_channels = 2048
model.reid_head.in_channels = 2048
