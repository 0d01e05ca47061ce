"""Pipelines and loaders of every data set, at 256×128; data set files fill in what differs."""

from mmcv.transforms import Resize
from mmengine.dataset import DefaultSampler

from mmdrop.datasets import (
    EraseWithParts,
    FlipWithParts,
    IdentitySampler,
    LoadImage,
    LoadPifPafFields,
    PackReIDInputs,
    PadCropWithParts,
    ReIDDataset,
)
from mmdrop.evaluation import ReIDMetric

train_pipeline = [
    dict(type=LoadImage),
    dict(type=LoadPifPafFields, root='', num_parts=8),
    dict(type=Resize, scale=(128, 256)),
    dict(type=FlipWithParts, prob=0.5),
    dict(type=PadCropWithParts, padding=10),
    dict(type=EraseWithParts, prob=0.5),
    dict(type=PackReIDInputs),
]
test_pipeline = [
    dict(type=LoadImage),
    dict(type=Resize, scale=(128, 256)),
    dict(type=PackReIDInputs),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type=IdentitySampler, num_identities=16, num_instances=4),
    dataset=dict(type=ReIDDataset, split='train', pipeline=train_pipeline),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type=DefaultSampler, shuffle=False),
    dataset=dict(type=ReIDDataset, split='test', pipeline=test_pipeline),
)
val_dataloader = test_dataloader
test_evaluator = dict(type=ReIDMetric, embeddings=('foreground', 'parts'))
val_evaluator = test_evaluator
