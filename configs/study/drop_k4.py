"""Small study, no GPU: DROP with K = 4 parts (Table 8)."""

from mmengine.config import read_base

with read_base():
    from .drop import *

train_dataloader.dataset.pipeline[1].num_parts = 4
model.parsing_head.num_parts = 4
model.reid_head.num_parts = 4
