"""PCB, ResNet-50, Occluded-REID, half split, 384×128; the paper reports 66.6 Rank-1 (Table 2)."""

from mmengine.config import read_base

with read_base():
    from .pcb_resnet50_market1501 import *

model.reid_head.num_classes = 100
half = dict(layout='occluded_reid', data_root='data/Occluded_REID', protocol='half', draw=0)
train_dataloader.dataset.update(half)
test_dataloader.dataset.update(half)
val_dataloader.dataset.update(half)
