"""Small study, no GPU: DROP whose identity and triplet losses train the parser too."""

from mmengine.config import read_base

with read_base():
    from .drop import *

model.detach_parsing = False
