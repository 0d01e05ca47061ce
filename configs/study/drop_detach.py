"""Small study, no GPU: DROP without gradients of the ReID losses in the parser."""

from mmengine.config import read_base

with read_base():
    from .drop import *

model.detach_parsing = True
