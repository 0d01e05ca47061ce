from mmengine.config import read_base

from mmdrop.models import SOLIDERSwin

with read_base():
    from .drop_hrnet32 import *

# As SOLIDER-REID scales pixels.
model.data_preprocessor.update(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])
model.backbone = dict(
    type=SOLIDERSwin,
    arch='tiny',
    semantic_weight=0.2,
    init_cfg=dict(type='Pretrained', checkpoint='solider://weights/solider_swin_tiny.pth'),
)
model.shared_neck = None
model.parsing_neck.in_channels = [96, 192, 384, 768]
model.reid_head.in_channels = 96 + 192 + 384 + 768
