"""One's own people, a folder of images for each: `people/anna/1.jpg`, with labels beside it."""

from mmengine.config import read_base

from mmdrop.datasets import LoadParsingMap

with read_base():
    from .reid_256x128 import *

# As make_parsing_labels writes them by the parser of a trained model.
train_dataloader.dataset.pipeline[1] = dict(
    type=LoadParsingMap, root='people_labels', suffix='.png', num_parts=5, mapping='limbs'
)
train_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.dataset.pipeline[4].padding = 5
test_dataloader.dataset.pipeline[1].scale = (64, 128)

# Four of five people are trained on; the others are told apart after it.
train_dataloader.update(batch_size=16, num_workers=0, persistent_workers=False, pin_memory=False)
train_dataloader.sampler.num_identities = 4
train_dataloader.dataset.update(layout='folder', data_root='people', identities=(0.0, 0.8))
test_dataloader.update(num_workers=0, persistent_workers=False, pin_memory=False)
test_dataloader.dataset.update(
    layout='folder', data_root='people', split='val', identities=(0.8, 1.0)
)
val_dataloader = test_dataloader
