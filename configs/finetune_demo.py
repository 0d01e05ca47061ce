"""Fine-tuning of `drop_demo` to a folder of one's own people; a demo, no GPU, a minute."""

from mmengine.config import read_base

with read_base():
    from ._base_.datasets.own_folder import *
    from ._base_.default_runtime import *
    from ._base_.models.drop_hrnet_tiny import *
    from ._base_.schedules.finetune_20e import *

load_from = 'zoo://drop_demo'
model.reid_head.num_classes = None  # as many as there are people to train on
# The labels are the parser's own: the identity losses must not pull it away from them.
model.detach_parsing = True
