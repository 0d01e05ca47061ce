"""Rendered pedestrians at 128×64: 200 identities to train, 100 others to test."""

from mmengine.config import read_base

from mmdrop.datasets import SyntheticReID

with read_base():
    from .reid_256x128 import *

train_pipeline = [
    dict(type=FlipWithParts, prob=0.5),
    dict(type=PadCropWithParts, padding=5),
    dict(type=EraseWithParts, prob=0.5),
    dict(type=PackReIDInputs),
]
# For images from files, through ReIDInferencer; rendered images need no loading.
test_pipeline = [
    dict(type=LoadImage),
    dict(type=Resize, scale=(64, 128)),
    dict(type=PackReIDInputs),
]

train_dataloader.update(batch_size=32, num_workers=0, persistent_workers=False, pin_memory=False)
train_dataloader.sampler.num_identities = 8
train_dataloader.dataset = dict(
    type=SyntheticReID,
    split='train',
    num_identities=200,
    images_per_identity=8,
    num_parts=5,
    pipeline=train_pipeline,
)
test_dataloader.update(num_workers=0, persistent_workers=False, pin_memory=False)
test_dataloader.dataset = dict(
    type=SyntheticReID,
    split='test',
    num_identities=100,
    images_per_identity=8,
    num_parts=5,
    pipeline=[dict(type=PackReIDInputs)],
)
val_dataloader = test_dataloader
