"""Breadth, no GPU: DROP Plus trained on a part of Market-1501 and tested on CUHK01."""

from mmengine.config import read_base

with read_base():
    from ..plus.plus_pct_2_occluded_02 import *

# Beside it the identities of Market-1501 that settings are chosen by, for what breadth costs there.
test_cfg.sets = dict(market1501=val_dataloader)
test_dataloader.dataset = dict(test_dataloader.dataset, layout='cuhk01', data_root='data/cuhk01')
test_dataloader.dataset.identities = None
