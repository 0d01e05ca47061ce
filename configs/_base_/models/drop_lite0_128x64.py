from mmengine.config import read_base

with read_base():
    from .drop_efficientnetlite0 import *

model.channels_last = True
model.parsing_head.num_parts = 5
model.reid_head.num_parts = 5
# In short trainings the ReID losses pull the parts away from the labels (docs/results.md).
model.detach_parsing = True
# γ of the paper is for maps of 64 rows; here they have 32 and small parts would be smoothed away.
model.parsing_head.loss.gamma_height = 64
