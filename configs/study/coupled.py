"""Small study, no GPU: the parser reads P_reid; no other part of DROP (beside Table 4)."""

from mmengine.config import read_base

with read_base():
    from .decoupled import *

model.parsing_neck = None
model.parsing_head.in_channels = 24 + 40 + 112 + 320
