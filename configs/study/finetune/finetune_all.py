"""Fine-tuning, no GPU: every stage of the network learns."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

model.backbone.frozen = ()
