from mmengine.config import read_base

with read_base():
    from .reid_256x128 import *

train_dataloader.dataset.update(layout='occluded_duke', data_root='data/Occluded_Duke')
train_dataloader.dataset.pipeline[1].update(
    root='data/Occluded_Duke/masks/pifpaf_maskrcnn_filtering',
    suffix='.jpg.confidence_fields.npy',
    num_parts=8,
)
test_dataloader.dataset.update(layout='occluded_duke', data_root='data/Occluded_Duke')
val_dataloader.dataset.update(layout='occluded_duke', data_root='data/Occluded_Duke')
