"""The networks: DROP and its backbones, necks, heads, layers and losses."""

from .backbones import IBN, ResNetIBN, SOLIDERSwin
from .drop import DROP
from .heads import BaseReIDHead, GlobalReIDHead, ParsingHead, PartReIDHead, StripeReIDHead
from .layers import WAMP, WAP, BNNeck, PartMemoryBank, PedestrianPositionEncoder, Reduction, wamp
from .losses import HCTLoss, PCTLoss, SpatialSmoothedCELoss
from .necks import DPU, HRNetIncrease, UpsampleConcat

__all__ = [
    'DPU',
    'DROP',
    'IBN',
    'WAMP',
    'WAP',
    'BNNeck',
    'BaseReIDHead',
    'GlobalReIDHead',
    'HCTLoss',
    'HRNetIncrease',
    'PCTLoss',
    'ParsingHead',
    'PartMemoryBank',
    'PartReIDHead',
    'PedestrianPositionEncoder',
    'Reduction',
    'ResNetIBN',
    'SOLIDERSwin',
    'SpatialSmoothedCELoss',
    'StripeReIDHead',
    'UpsampleConcat',
    'wamp',
]
