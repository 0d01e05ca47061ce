"""DROP, HRNet-W32, Occluded-Duke at 384×128; the authors report 77.3 Rank-1, 63.4 mAP (README)."""

from mmengine.config import read_base

with read_base():
    from .drop_hrnet32_occduke import *

train_dataloader.dataset.pipeline[2].scale = (128, 384)
test_dataloader.dataset.pipeline[1].scale = (128, 384)
val_dataloader.dataset.pipeline[1].scale = (128, 384)
