"""The networks: DROP and its backbones, necks, heads, layers and losses."""

from .backbones import GeneralTIMMBackbone, ResNetIBN, SOLIDERSwin
from .drop import DROP
from .heads import BaseReIDHead, GlobalReIDHead, ParsingHead, PartReIDHead, StripeReIDHead
from .layers import (
    IBN,
    WAMP,
    WAP,
    BNNeck,
    MixStyle,
    PartMemoryBank,
    PedestrianPositionEncoder,
    Reduction,
    wamp,
)
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
    'GeneralTIMMBackbone',
    'GlobalReIDHead',
    'HCTLoss',
    'HRNetIncrease',
    'MixStyle',
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
