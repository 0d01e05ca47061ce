from mmengine.config import read_base

with read_base():
    from .pasted_market1501 import *

# 128×64 instead of 256×128
train_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.dataset.pipeline[4].padding = 5
test_dataloader.dataset.pipeline[1].scale = (64, 128)
val_dataloader.dataset.pipeline[1].scale = (64, 128)
pasted_dataloader.dataset.pipeline[2].scale = (64, 128)
train_dataloader.num_workers = 2
test_dataloader.num_workers = 2
val_dataloader.num_workers = 2
pasted_dataloader.num_workers = 2

# 200 of the 751 training identities; 200 others of them to choose settings by; a quarter of the
# test identities, with all distractors
train_dataloader.dataset.identities = (0, 200)
val_dataloader.dataset.update(split='val', identities=(200, 400))
test_dataloader.dataset.identities = (0, 188)
pasted_dataloader.dataset.identities = (0, 188)
