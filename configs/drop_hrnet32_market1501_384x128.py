"""DROP, HRNet-W32, Market-1501, 384×128; at 256×128 the paper reports 95.6 Rank-1 (Table 3)."""

from mmengine.config import read_base

with read_base():
    from .drop_hrnet32_market1501 import *

train_dataloader.dataset.pipeline[2].scale = (128, 384)
test_dataloader.dataset.pipeline[1].scale = (128, 384)
val_dataloader.dataset.pipeline[1].scale = (128, 384)
