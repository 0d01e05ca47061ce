"""PCB, ResNet-50, DukeMTMC-reID, 384×128; the paper reports 81.8 Rank-1, 66.1 mAP (Table 3)."""

from mmengine.config import read_base

with read_base():
    from .pcb_resnet50_market1501 import *

model.reid_head.num_classes = 702
train_dataloader.dataset.update(layout='dukemtmc', data_root='data/DukeMTMC-reID')
test_dataloader.dataset.update(layout='dukemtmc', data_root='data/DukeMTMC-reID')
val_dataloader.dataset.update(layout='dukemtmc', data_root='data/DukeMTMC-reID')
