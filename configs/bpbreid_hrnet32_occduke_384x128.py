"""BPBReID, HRNet-W32, Occluded-Duke, 384×128; its authors report 75.1 Rank-1, 62.5 mAP."""

from mmengine.config import read_base

with read_base():
    from .bpbreid_hrnet32_occduke import *

train_dataloader.dataset.pipeline[2].scale = (128, 384)
test_dataloader.dataset.pipeline[1].scale = (128, 384)
val_dataloader.dataset.pipeline[1].scale = (128, 384)
