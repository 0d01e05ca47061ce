"""Fine-tuning, no GPU: all but the last two stages keep their weights."""

from mmengine.config import read_base

with read_base():
    from .finetune_base import *

model.backbone.frozen += ('blocks.2', 'blocks.3', 'blocks.4')
