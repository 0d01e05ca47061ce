"""Necks from backbone levels to the features of the two branches."""

from .dpu import DPU
from .hrnet_increase import HRNetIncrease
from .upsample_concat import UpsampleConcat

__all__ = ['DPU', 'HRNetIncrease', 'UpsampleConcat']
