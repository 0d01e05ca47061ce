"""Candidate for drop_plus, no GPU: λ of Eq. 5 is 1."""

from mmengine.config import read_base

with read_base():
    from .plus_base import *

model.parsing_head.loss_weight = 1.0
