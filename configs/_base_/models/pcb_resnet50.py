"""PCB (Sun et al., ECCV 2018), six stripes, without the refinement of its parts."""

from mmengine.config import read_base

from mmdrop.models import StripeReIDHead

with read_base():
    from .drop_resnet50 import *

model.backbone.out_indices = (3,)
model.reid_neck = dict(type=UpsampleConcat)
model.parsing_neck = None
model.parsing_head = None
model.reid_head = dict(
    type=StripeReIDHead,
    num_classes=702,
    in_channels=2048,
    num_stripes=6,
    embed_channels=256,
    parts_weight=6.0,  # the sum of six losses
    label_smoothing=0.0,
    bnneck=False,
    dropout=0.5,
    test_pooled=True,
)
