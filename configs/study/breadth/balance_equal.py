"""Breadth, no GPU: as balance_none, half of the people of a batch from each set."""

from mmengine.config import read_base

with read_base():
    from .balance_none import *

train_dataloader.sampler.balance = 'equal'
