"""Candidate for drop_plus, no GPU: plus_pct_2, with a fifth of the training images pasted over."""

from mmengine.config import read_base

with read_base():
    from .plus_pct_2_occluded import *

train_dataloader.dataset.pipeline[2].prob = 0.2
