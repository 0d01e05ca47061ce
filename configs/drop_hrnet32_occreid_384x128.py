"""DROP, HRNet-W32, Occluded-REID, 384×128; at 256×128 the paper reports 94.2 Rank-1 (Table 2)."""

from mmengine.config import read_base

with read_base():
    from .drop_hrnet32_occreid import *

train_dataloader.dataset.pipeline[2].scale = (128, 384)
test_dataloader.dataset.pipeline[1].scale = (128, 384)
val_dataloader.dataset.pipeline[1].scale = (128, 384)
