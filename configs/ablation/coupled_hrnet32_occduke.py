"""Coupled baseline, HRNet-W32, Occluded-Duke; the paper reports 57.8 Rank-1, 49.6 mAP (Table 4)."""

from mmengine.config import read_base

with read_base():
    from .decoupled_hrnet32_occduke import *

# Parsing reads P_reid: one of two readings of the baseline (docs/paper_notes.md).
model.parsing_neck = None
model.parsing_head.in_channels = 1920
