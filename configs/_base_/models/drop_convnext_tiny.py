from mmengine.config import read_base
from mmpretrain.models import ConvNeXt

with read_base():
    from .drop_hrnet32 import *

model.backbone = dict(
    type=ConvNeXt,
    arch='tiny',
    out_indices=(0, 1, 2, 3),
    gap_before_final_norm=False,
    drop_path_rate=0.1,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://download.openmmlab.com/mmclassification/v0/convnext/convnext-tiny_in21k-pre_3rdparty_in1k_20221219-7501e534.pth',
        prefix='backbone',
    ),
)
model.shared_neck = None
model.parsing_neck.in_channels = [96, 192, 384, 768]
model.reid_head.in_channels = 96 + 192 + 384 + 768
