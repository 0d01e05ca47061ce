"""Candidate for drop_plus, no GPU: objects and people pasted over half of the training images."""

from mmengine.config import read_base

from mmdrop.datasets import RandomOcclusion

with read_base():
    from .plus_base import *

train_dataloader.dataset.pipeline.insert(
    2,
    dict(
        type=RandomOcclusion,
        prob=0.5,
        ann_file='data/market1501_keypoints14.npz',
        people_root='data/Market-1501-v15.09.15/bounding_box_train',
        origin=1,
    ),
)
