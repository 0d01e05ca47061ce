"""DROP Plus on Market-1501 and CUHK01 together, tested on CUHK03-P1-Occluded; no GPU needed."""

from mmengine.config import read_base

from mmdrop.datasets import JointReID
from mmdrop.engine import MultiSetTestLoop

with read_base():
    from .._base_.datasets.joint_128x64 import *
    from .._base_.default_runtime import *
    from .._base_.models.drop_lite0_128x64 import *
    from .._base_.schedules.adam_cosine_40e import *

model.reid_head.num_classes = 751 + 971
model.reid_head.part_loss.loss_weight = 2.0
model.reid_head.embed_channels = 128  # docs/breadth.md
market1501_train.pipeline.insert(2, market1501_occluders)
cuhk01_train.pipeline.insert(1, market1501_occluders)
train_dataloader.dataset = dict(
    type=JointReID, datasets=dict(market1501=market1501_train, cuhk01=cuhk01_train)
)
train_dataloader.sampler.balance = dict(market1501=2, cuhk01=1)

# Cameras of neither; and, for what breadth costs at home, Market-1501.
test_dataloader = cuhk03p1_dataloader
val_dataloader = test_dataloader
test_cfg = dict(
    type=MultiSetTestLoop, sets=dict(market1501=market1501_dataloader, pasted=pasted_dataloader)
)
