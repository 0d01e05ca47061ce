"""DROP Plus (docs/drop_plus.md), EfficientNet-Lite0, CUHK03-P1-Occluded; no GPU needed."""

from mmengine.config import read_base

from mmdrop.datasets import RandomOcclusion

with read_base():
    from .drop_lite0_cuhk03p1 import *

model.reid_head.part_loss.loss_weight = 2.0
# Behind the labels: what is pasted over a part is background in its label.
train_dataloader.dataset.pipeline.insert(
    2,
    dict(
        type=RandomOcclusion,
        prob=0.2,
        ann_file='data/cuhk03p1/cuhk03p1_keypoints17.npz',
        min_score=0.3,
        people_root='data/cuhk03p1',
        people_file='data/cuhk03p1/cuhk03p1_occluded.csv',
    ),
)
