"""Fine-tuning of `drop_lite0` to a few people of CUHK03-P1, at 128×64; no GPU needed."""

from mmengine.config import read_base

from mmdrop.models import GeneralTIMMBackbone

with read_base():
    from .._base_.datasets.cuhk03p1_occluded import *
    from .._base_.default_runtime import *
    from .._base_.models.drop_lite0_128x64 import *
    from .._base_.schedules.finetune_20e import *

load_from = 'zoo://drop_lite0'
model.backbone.init_cfg = None
model.reid_head.embed_channels = 128
model.reid_head.num_classes = None  # as many as there are people to train on
# The first stages see edges and colours, of which ten people teach little.
model.backbone.type = GeneralTIMMBackbone
model.backbone.frozen = ('conv_stem', 'bn1', 'blocks.0', 'blocks.1')
train_dataloader.batch_size = 32
train_dataloader.sampler.num_identities = 8
train_dataloader.dataset.identities = (0, 50)
# Told apart after the last epoch: training people that are not trained on.
val_dataloader.dataset.update(split='val', identities=(50, 503))
