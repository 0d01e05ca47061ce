"""Candidate for drop_plus, no GPU: a tenth of the ReID losses' gradients reach the parser."""

from mmengine.config import read_base

with read_base():
    from .plus_base import *

model.detach_parsing = False
model.parsing_gradient = 0.1
