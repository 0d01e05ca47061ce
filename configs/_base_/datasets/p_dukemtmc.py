from mmengine.config import read_base

with read_base():
    from .reid_256x128 import *

train_dataloader.dataset.update(layout='p_dukemtmc', data_root='data/P-DukeMTMC-reID')
train_dataloader.dataset.pipeline[1].update(
    root='data/P-DukeMTMC-reID/masks/pifpaf_maskrcnn_filtering', suffix='.npy', num_parts=8
)
test_dataloader.dataset.update(layout='p_dukemtmc', data_root='data/P-DukeMTMC-reID')
val_dataloader.dataset.update(layout='p_dukemtmc', data_root='data/P-DukeMTMC-reID')
