"""DROP trained on Market-1501 and CUHK03-P1 together, at 128×64; no GPU; not in the paper."""

from mmengine.config import read_base

from mmdrop.datasets import JointReID, LoadKeypointParsing, ReIDDataset

with read_base():
    from .study.drop_mean_gamma import *

# Each set has its own labels; what follows them is the same.
load, _, *augment = train_dataloader.dataset.pipeline
cuhk03p1_labels = dict(
    type=LoadKeypointParsing,
    ann_file='data/cuhk03p1/cuhk03p1_keypoints17.npz',
    min_score=0.3,
    num_parts=5,
)
cuhk03p1 = dict(
    type=ReIDDataset,
    layout='csv',
    data_root='data/cuhk03p1',
    ann_file='cuhk03p1_occluded.csv',
)
cuhk03p1_train = dict(cuhk03p1, split='train', pipeline=[load, cuhk03p1_labels, *augment])
train_dataloader.dataset = dict(
    type=JointReID, datasets=dict(market1501=train_dataloader.dataset, cuhk03p1=cuhk03p1_train)
)
train_dataloader.sampler.balance = 'equal'
# The identities of both; the log counts them where the data are loaded.
model.reid_head.num_classes = 200 + 503

# Its test images are a further test set.
cuhk03p1_test = dict(cuhk03p1, split='test', pipeline=test_dataloader.dataset.pipeline)
test_cfg.sets.cuhk03p1 = dict(test_dataloader, dataset=cuhk03p1_test)
