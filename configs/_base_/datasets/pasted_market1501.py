"""Market-1501, and beside its test set Pasted-Market, a proxy, for MultiSetTestLoop."""

from mmengine.config import read_base

from mmdrop.datasets import OccludePerson

with read_base():
    from .market1501_keypoints import *

# Every query and a tenth of the gallery are occluded, from a seed.
load, *rest = test_dataloader.dataset.pipeline
occlude = dict(
    type=OccludePerson,
    ann_file='data/market1501_keypoints14.npz',
    people_root='data/Market-1501-v15.09.15/bounding_box_train',
    origin=1,
)
pasted_dataset = dict(
    test_dataloader.dataset,
    occlusion=dict(seed=0, query=1.0, gallery=0.1),
    pipeline=[load, occlude, *rest],
)
pasted_dataloader = dict(test_dataloader, dataset=pasted_dataset)
