"""Fine-tuning, no GPU: as DROP Plus trains, with pasted occluders and twice the weight of PCT."""

from mmengine.config import read_base

from mmdrop.datasets import RandomOcclusion

with read_base():
    from .finetune_base import *

model.reid_head.part_loss.loss_weight = 2.0
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
