"""Coupled branches, Occluded-Duke; the paper reports 73.9 Rank-1, 62.0 mAP of BPBReID (Table 1)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_hrnet32_occduke import *

# Parsing reads P_reid, as in BPBReID. It is no row of Table 4 (docs/paper_notes.md).
model.parsing_neck = None
model.parsing_head.in_channels = 1920
