from mmengine.config import read_base

from mmdrop.datasets import LoadKeypointParsing

with read_base():
    from .market1501 import *

train_dataloader.dataset.pipeline[1] = dict(
    type=LoadKeypointParsing, ann_file='data/market1501_keypoints14.npz', origin=1, num_parts=5
)
