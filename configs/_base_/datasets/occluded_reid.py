from mmengine.config import read_base

with read_base():
    from .reid_256x128 import *

train_dataloader.dataset.update(layout='occluded_reid', data_root='data/Occluded_REID')
train_dataloader.dataset.pipeline[1].update(
    root='data/Occluded_REID/masks/pifpaf_maskrcnn_filtering', suffix='.npy', num_parts=8
)
test_dataloader.dataset.update(layout='occluded_reid', data_root='data/Occluded_REID')
val_dataloader.dataset.update(layout='occluded_reid', data_root='data/Occluded_REID')

# Half of the identities train, the other half tests (the paper's protocol); draw 0 of 10.
train_dataloader.dataset.update(protocol='half', draw=0)
test_dataloader.dataset.update(protocol='half', draw=0)
val_dataloader.dataset.update(protocol='half', draw=0)
