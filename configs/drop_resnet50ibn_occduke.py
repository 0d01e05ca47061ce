"""DROP, ResNet-50-IBN, Occluded-Duke; the paper reports 72.4 Rank-1, 58.0 mAP (Table 7)."""

from mmengine.config import read_base

from mmdrop.models import ResNetIBN

with read_base():
    from .drop_resnet50_occduke import *

model.backbone.type = ResNetIBN
model.backbone.init_cfg = dict(
    type='Pretrained',
    checkpoint='https://github.com/XingangPan/IBN-Net/releases/download/v1.0/resnet50_ibn_a-d9d0bb7b.pth',
)
