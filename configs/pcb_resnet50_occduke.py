"""PCB, ResNet-50, Occluded-Duke, 384×128; the paper reports 42.6 Rank-1, 33.7 mAP (Table 1)."""

from mmengine.config import read_base

with read_base():
    from .pcb_resnet50_market1501 import *

model.reid_head.num_classes = 702
train_dataloader.dataset.update(layout='occluded_duke', data_root='data/Occluded_Duke')
test_dataloader.dataset.update(layout='occluded_duke', data_root='data/Occluded_Duke')
val_dataloader.dataset.update(layout='occluded_duke', data_root='data/Occluded_Duke')
