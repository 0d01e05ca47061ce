from mmengine.config import read_base

with read_base():
    from .reid_256x128 import *

train_dataloader.dataset.update(layout='market1501', data_root='data/Market-1501-v15.09.15')
train_dataloader.dataset.pipeline[1].update(
    root='data/Market-1501-v15.09.15/masks/pifpaf_maskrcnn_filtering', suffix='.npy', num_parts=5
)
test_dataloader.dataset.update(layout='market1501', data_root='data/Market-1501-v15.09.15')
val_dataloader.dataset.update(layout='market1501', data_root='data/Market-1501-v15.09.15')
