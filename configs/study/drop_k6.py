"""Small study, no GPU: DROP with K = 6 parts (Table 8)."""

from mmengine.config import read_base

with read_base():
    from .drop import *

train_dataloader.dataset.pipeline[1].num_parts = 6
model.parsing_head.num_parts = 6
model.reid_head.num_parts = 6
