"""CUHK03-P1-Occluded at 128×64, a benchmark made here; no published figure compares."""

from mmengine.config import read_base

from mmdrop.datasets import LoadKeypointParsing, RandomOcclusion

with read_base():
    from .reid_256x128 import *

# Written there by `prepare_dataset cuhk03p1_occluded data/cuhk03p1`.
rows = dict(layout='csv', data_root='data/cuhk03p1', ann_file='cuhk03p1_occluded.csv')
train_dataloader.dataset.update(rows)
test_dataloader.dataset.update(rows)
val_dataloader.dataset.update(rows)

# The network that found the key points scores a joint that is hidden low.
train_dataloader.dataset.pipeline[1] = dict(
    type=LoadKeypointParsing,
    ann_file='data/cuhk03p1/cuhk03p1_keypoints17.npz',
    min_score=0.3,
    num_parts=5,
)

# 128×64 instead of 256×128
train_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.dataset.pipeline[4].padding = 5
test_dataloader.dataset.pipeline[1].scale = (64, 128)
val_dataloader.dataset.pipeline[1].scale = (64, 128)
train_dataloader.num_workers = 2
test_dataloader.num_workers = 2
val_dataloader.num_workers = 2

# For recipes that paste occluders over training images, as DROP Plus does.
cuhk03p1_occluders = dict(
    type=RandomOcclusion,
    prob=0.2,
    ann_file='data/cuhk03p1/cuhk03p1_keypoints17.npz',
    min_score=0.3,
    people_root='data/cuhk03p1',
    people_file='data/cuhk03p1/cuhk03p1_occluded.csv',
)
