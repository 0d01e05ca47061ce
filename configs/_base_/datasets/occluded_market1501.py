"""Occluded-Market, a proxy: all queries and a tenth of the gallery are occluded from a seed."""

from mmengine.config import read_base

from mmdrop.datasets import OccludePerson

with read_base():
    from .market1501 import *

occlude_person = dict(
    type=OccludePerson,
    ann_file='data/market1501_keypoints14.npz',
    people_root='data/Market-1501-v15.09.15/bounding_box_train',
    origin=1,
)
test_dataloader.dataset.occlusion = dict(seed=0, query=1.0, gallery=0.1)
test_dataloader.dataset.pipeline.insert(1, occlude_person)
val_dataloader = test_dataloader
