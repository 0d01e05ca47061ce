from mmengine.config import read_base

with read_base():
    from .drop_lite0_128x64 import *

# Both branches read P_reid, as in BPBReID, and nothing else of DROP is there.
model.parsing_neck = None
model.parsing_head.in_channels = 24 + 40 + 112 + 320
model.parsing_head.position_encoder = None
model.parsing_head.loss.gamma = 0
model.reid_head.memory_bank = None
