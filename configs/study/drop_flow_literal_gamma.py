"""Small study, no GPU: DROP whose ReID losses train the parser too, with γ for larger maps."""

from mmengine.config import read_base

with read_base():
    from .drop_flow import *

model.parsing_head.loss.gamma_height = None
