"""Small study, no GPU: DROP with K = 7 parts (Table 8)."""

from mmengine.config import read_base

with read_base():
    from .drop import *

train_dataloader.dataset.pipeline[1].num_parts = 7
model.parsing_head.num_parts = 7
model.reid_head.num_parts = 7
