"""Breadth, no GPU: breadth_base on people of Market-1501 and CUHK01, each set by its size."""

from mmengine.config import read_base

from mmdrop.datasets import JointReID

with read_base():
    from .breadth_base import *

load, labels, occlude, *augment = train_dataloader.dataset.pipeline
# 300 people of four images. The others are tested on.
cuhk01 = dict(
    train_dataloader.dataset,
    layout='cuhk01',
    data_root='data/cuhk01',
    identities=(0, 300),
    pipeline=[load, occlude, *augment],  # it has no key points, so an ellipse is the body
)
train_dataloader.dataset = dict(
    type=JointReID, datasets=dict(market1501=train_dataloader.dataset, cuhk01=cuhk01)
)
model.reid_head.num_classes = 200 + 300
test_dataloader.dataset.update(split='val', identities=(300, 971))
