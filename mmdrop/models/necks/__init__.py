from .dpu import DPU
from .hrnet_increase import HRNetIncrease
from .upsample_concat import UpsampleConcat

__all__ = ['DPU', 'HRNetIncrease', 'UpsampleConcat']
