"""The demo: DROP on rendered pedestrians with a small HRNet; no file, no GPU, a few minutes."""

from mmengine.config import read_base
from mmengine.optim import CosineAnnealingLR, LinearLR

with read_base():
    from ._base_.datasets.synthetic import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_hrnet_tiny import *
    from ._base_.schedules.adam_120e import *

model.reid_head.num_classes = 200

# For a few hundred iterations from scratch: the identity losses do not pull at a parser that knows
# nothing yet, its own loss weighs more, and parts of two pixels are smoothed less.
model.detach_parsing = True
model.parsing_head.loss_weight = 2.0
model.parsing_head.loss.update(gamma=0.1, reduction='sum')

optim_wrapper.optimizer.lr = 2e-3
train_cfg.update(max_epochs=12, val_interval=12)
param_scheduler = [
    dict(type=LinearLR, start_factor=0.1, end=31, by_epoch=False),
    dict(type=CosineAnnealingLR, T_max=12, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]
default_hooks.logger.interval = 10

# Other people again, to tell how sure a match is.
calibration_dataloaders = dict(
    rendered=dict(test_dataloader, dataset=dict(test_dataloader.dataset, seed=1))
)
