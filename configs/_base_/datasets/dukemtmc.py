from mmengine.config import read_base

with read_base():
    from .reid_256x128 import *

train_dataloader.dataset.update(layout='dukemtmc', data_root='data/DukeMTMC-reID')
train_dataloader.dataset.pipeline[1].update(
    root='data/DukeMTMC-reID/masks/pifpaf_maskrcnn_filtering', suffix='.npy', num_parts=5
)
test_dataloader.dataset.update(layout='dukemtmc', data_root='data/DukeMTMC-reID')
val_dataloader.dataset.update(layout='dukemtmc', data_root='data/DukeMTMC-reID')
