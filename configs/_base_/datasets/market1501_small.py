from mmengine.config import read_base

from mmdrop.datasets import OccludePerson

with read_base():
    from .market1501_keypoints import *

# 128×64 instead of 256×128
train_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.dataset.pipeline[4].padding = 5
test_dataloader.dataset.pipeline[1].scale = (64, 128)
val_dataloader.dataset.pipeline[1].scale = (64, 128)
train_dataloader.num_workers = 2
test_dataloader.num_workers = 2
val_dataloader.num_workers = 2

# 200 of the 751 training identities; 200 others of them to choose settings by; a quarter of the
# test identities, with all distractors
train_dataloader.dataset.identities = (0, 200)
val_dataloader.dataset.update(split='val', identities=(200, 400))
test_dataloader.dataset.identities = (0, 188)

# Occluded-Market, the proxy, as a second test set
load, *rest = test_dataloader.dataset.pipeline
occlude = dict(
    type=OccludePerson,
    ann_file='data/market1501_keypoints14.npz',
    people_root='data/Market-1501-v15.09.15/bounding_box_train',
    origin=1,
)
occluded_dataset = dict(
    test_dataloader.dataset,
    occlusion=dict(seed=0, query=1.0, gallery=0.1),
    pipeline=[load, occlude, *rest],
)
occluded_dataloader = dict(test_dataloader, dataset=occluded_dataset)
