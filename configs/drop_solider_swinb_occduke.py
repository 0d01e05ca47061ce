"""DROP, SOLIDER Swin-B, Occluded-Duke; not in the paper, no figure to expect."""

from mmengine.config import read_base

with read_base():
    from .drop_solider_swint_occduke import *

model.backbone.update(
    arch='base',
    init_cfg=dict(type='Pretrained', checkpoint='solider://weights/solider_swin_base.pth'),
)
model.parsing_neck.in_channels = [128, 256, 512, 1024]
model.reid_head.in_channels = 128 + 256 + 512 + 1024
