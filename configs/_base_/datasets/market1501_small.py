from mmengine.config import read_base

with read_base():
    from .market1501_128x64 import *

# 200 of the 751 training identities; 200 others of them to choose settings by; a quarter of the
# test identities, with all distractors
train_dataloader.dataset.identities = (0, 200)
val_dataloader.dataset.update(split='val', identities=(200, 400))
test_dataloader.dataset.identities = (0, 188)
pasted_dataloader.dataset.identities = (0, 188)
