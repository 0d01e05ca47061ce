"""Small study, no GPU: the coupled baseline without gradients of the ReID losses in its parser."""

from mmengine.config import read_base

with read_base():
    from .coupled import *

model.detach_parsing = True
