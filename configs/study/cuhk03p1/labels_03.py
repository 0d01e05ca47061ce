"""Labels of CUHK03-P1, no GPU: DROP on 400 of its training identities; joints from 0.3 on."""

from mmengine.config import read_base

from mmdrop.datasets import LoadKeypointParsing, OccludePerson
from mmdrop.evaluation import ReIDMetric

with read_base():
    from ..drop_mean_gamma import *

rows = dict(layout='csv', data_root='data/cuhk03p1', ann_file='cuhk03p1_occluded.csv')
keypoints = 'data/cuhk03p1/cuhk03p1_keypoints17.npz'
train_dataloader.dataset.update(rows, identities=(0, 400))
train_dataloader.dataset.pipeline[1] = dict(
    type=LoadKeypointParsing, ann_file=keypoints, min_score=0.3, num_parts=5
)
model.reid_head.num_classes = 400

test_dataloader.dataset = dict(test_dataloader.dataset, **rows)
test_dataloader.dataset.identities = None
val_dataloader.dataset = dict(test_dataloader.dataset, split='val', identities=(400, 503))

# As Pasted-Market, of the images of this set.
load, *rest = test_dataloader.dataset.pipeline
occluders = dict(
    ann_file=keypoints,
    min_score=0.3,
    people_root='data/cuhk03p1',
    people_file='data/cuhk03p1/cuhk03p1_occluded.csv',
)
test_cfg.sets.pasted.dataset = dict(
    test_dataloader.dataset,
    occlusion=dict(seed=0, query=1.0, gallery=0.1),
    pipeline=[load, dict(type=OccludePerson, **occluders), *rest],
)
test_evaluator = [
    test_evaluator,
    dict(type=ReIDMetric, embeddings='parts', graded=True, prefix='graded/reid'),
]
val_evaluator = test_evaluator
