"""Breadth, no GPU: as breadth_base, a fifth of the training images pasted over."""

from mmengine.config import read_base

from mmdrop.datasets import RandomOcclusion

with read_base():
    from .breadth_base import *

train_dataloader.dataset.pipeline.insert(
    2,
    dict(
        type=RandomOcclusion,
        prob=0.2,
        ann_file='data/market1501_keypoints14.npz',
        people_root='data/Market-1501-v15.09.15/bounding_box_train',
        origin=1,
    ),
)
