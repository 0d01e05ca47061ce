"""BPBReID, ResNet-50-IBN, Occluded-Duke; the paper reports 70.9 Rank-1, 56.6 mAP (Table 7)."""

from mmengine.config import read_base

from mmdrop.models import ResNetIBN

with read_base():
    from .bpbreid_resnet50_occduke import *

model.backbone.type = ResNetIBN
model.backbone.init_cfg = dict(
    type='Pretrained',
    checkpoint='https://github.com/XingangPan/IBN-Net/releases/download/v1.0/resnet50_ibn_a-d9d0bb7b.pth',
)
