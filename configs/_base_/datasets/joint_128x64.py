"""Market-1501, CUHK01 and the training people of CUHK03-P1 at 128×64, to train on several at once.

A recipe joins those it wants by ``JointReID``; CUHK01 has no key points, hence no parsing labels.
Tested on CUHK03-P1-Occluded.
"""

from mmengine.config import read_base

from mmdrop.datasets import LoadKeypointParsing, RandomOcclusion, ReIDDataset

with read_base():
    from .market1501_128x64 import *

load, _, *augment = train_dataloader.dataset.pipeline
cuhk03p1_rows = dict(
    type=ReIDDataset, layout='csv', data_root='data/cuhk03p1', ann_file='cuhk03p1_occluded.csv'
)
cuhk01_rows = dict(type=ReIDDataset, layout='cuhk01', data_root='data/cuhk01')
cuhk03p1_labels = dict(
    type=LoadKeypointParsing,
    ann_file='data/cuhk03p1/cuhk03p1_keypoints17.npz',
    min_score=0.3,
    num_parts=5,
)
market1501_train = train_dataloader.dataset
cuhk01_train = dict(cuhk01_rows, split='train', pipeline=[load, *augment])
cuhk03p1_train = dict(cuhk03p1_rows, split='train', pipeline=[load, cuhk03p1_labels, *augment])

# Occluders of DROP Plus. An image without key points has an ellipse as its body.
market1501_occluders = dict(
    type=RandomOcclusion,
    prob=0.2,
    ann_file='data/market1501_keypoints14.npz',
    people_root='data/Market-1501-v15.09.15/bounding_box_train',
    origin=1,
)
cuhk03p1_occluders = dict(
    type=RandomOcclusion,
    prob=0.2,
    ann_file='data/cuhk03p1/cuhk03p1_keypoints17.npz',
    min_score=0.3,
    people_root='data/cuhk03p1',
    people_file='data/cuhk03p1/cuhk03p1_occluded.csv',
)

test_pipeline = test_dataloader.dataset.pipeline
market1501_dataloader = test_dataloader
cuhk01_dataloader = dict(
    test_dataloader, dataset=dict(cuhk01_rows, split='test', pipeline=test_pipeline)
)
cuhk03p1_dataloader = dict(
    test_dataloader, dataset=dict(cuhk03p1_rows, split='test', pipeline=test_pipeline)
)
