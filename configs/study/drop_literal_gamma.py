"""Small study, no GPU: DROP with γ as the paper gives it, on maps of half the paper's size."""

from mmengine.config import read_base

with read_base():
    from .drop import *

model.parsing_head.loss.gamma_height = None
