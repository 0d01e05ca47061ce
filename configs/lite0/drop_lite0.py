"""`drop_lite0` of the zoo: DROP Plus on three sets, tested on them and pasted; no GPU needed."""

from mmengine.config import read_base

from mmdrop.datasets import JointReID
from mmdrop.engine import MultiSetTestLoop

with read_base():
    from .._base_.datasets.joint_128x64 import *
    from .._base_.default_runtime import *
    from .._base_.models.drop_lite0_128x64 import *
    from .._base_.schedules.adam_cosine_40e import *

# The last people of each set are kept to tell how sure a match is (docs/breadth.md).
market1501_train.identities = (0, 700)
cuhk01_train.identities = (0, 900)
cuhk03p1_train.identities = (0, 460)
market1501_train.pipeline.insert(2, market1501_occluders)
cuhk01_train.pipeline.insert(1, market1501_occluders)
cuhk03p1_train.pipeline.insert(2, cuhk03p1_occluders)
train_dataloader.dataset = dict(
    type=JointReID,
    datasets=dict(market1501=market1501_train, cuhk01=cuhk01_train, cuhk03p1=cuhk03p1_train),
)
train_dataloader.sampler.balance = dict(market1501=2, cuhk01=1, cuhk03p1=1)
model.reid_head.num_classes = None  # the people of all sets
model.reid_head.part_loss.loss_weight = 2.0
model.reid_head.embed_channels = 128

val_dataloader = dict(
    market1501_dataloader,
    dataset=dict(market1501_dataloader.dataset, split='val', identities=(700, 751)),
)
calibration_dataloaders = dict(
    market1501=val_dataloader,
    pasted=dict(
        pasted_dataloader,
        dataset=dict(pasted_dataloader.dataset, split='val', identities=(700, 751)),
    ),
    cuhk01=dict(
        cuhk01_dataloader,
        dataset=dict(cuhk01_dataloader.dataset, split='val', identities=(900, 971)),
    ),
    cuhk03p1=dict(
        cuhk03p1_dataloader,
        dataset=dict(cuhk03p1_dataloader.dataset, split='val', identities=(460, 503)),
    ),
)
test_cfg = dict(
    type=MultiSetTestLoop,
    sets=dict(pasted=pasted_dataloader, cuhk03p1_occluded=cuhk03p1_dataloader),
)

# An epoch has 285 steps, of Market-1501 alone 202: 32 epochs are a few more steps than its 40.
param_scheduler[1].T_max = 32
train_cfg.update(max_epochs=32, val_interval=32)
