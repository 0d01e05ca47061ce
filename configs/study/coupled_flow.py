"""Small study, no GPU: the coupled baseline whose ReID losses train its parser too."""

from mmengine.config import read_base

with read_base():
    from .coupled import *

model.detach_parsing = False
