"""PCB, ResNet-50, P-DukeMTMC, 384×128; the paper reports 79.4 Rank-1, 63.9 mAP (Table 1)."""

from mmengine.config import read_base

with read_base():
    from .pcb_resnet50_market1501 import *

model.reid_head.num_classes = 665
train_dataloader.dataset.update(layout='p_dukemtmc', data_root='data/P-DukeMTMC-reID')
test_dataloader.dataset.update(layout='p_dukemtmc', data_root='data/P-DukeMTMC-reID')
val_dataloader.dataset.update(layout='p_dukemtmc', data_root='data/P-DukeMTMC-reID')
