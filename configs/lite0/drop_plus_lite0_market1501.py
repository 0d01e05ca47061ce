"""DROP Plus (docs/drop_plus.md), EfficientNet-Lite0 at 128×64, Market-1501; no GPU needed."""

from mmengine.config import read_base

from mmdrop.datasets import RandomOcclusion

with read_base():
    from .drop_lite0_market1501 import *

model.reid_head.part_loss.loss_weight = 2.0
# Behind the labels: what is pasted over a part is background in its label.
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
