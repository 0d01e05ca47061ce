"""Fine-tuning of `drop_lite0` to a folder of one's own people, at 128×64; no GPU needed."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.own_folder import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_efficientnetlite0 import *
    from ._base_.schedules.finetune_20e import *

load_from = 'zoo://drop_lite0'
model.backbone.init_cfg = None
model.channels_last = True
model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
model.reid_head.embed_channels = 128
model.reid_head.num_classes = None  # as many as there are people to train on
# The labels are the parser's own: the identity losses must not pull it away from them.
model.detach_parsing = True
model.parsing_head.loss.gamma_height = 64
