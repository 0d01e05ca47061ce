from mmengine.config import read_base
from mmpretrain.models import MobileNetV2

with read_base():
    from .drop_hrnet32 import *

model.backbone = dict(type=MobileNetV2, out_indices=(1, 2, 4, 6))
model.shared_neck = None
model.parsing_neck.in_channels = [24, 32, 96, 320]
model.reid_head.in_channels = 24 + 32 + 96 + 320

# The backbone's last convolution, behind the levels that are taken, is built and not read.
find_unused_parameters = True
