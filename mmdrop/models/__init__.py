from .backbones import IBN, ResNetIBN
from .drop import DROP
from .heads import BaseReIDHead, GlobalReIDHead, ParsingHead, PartReIDHead
from .layers import WAMP, BNNeck, PartMemoryBank, PedestrianPositionEncoder, Reduction, wamp
from .losses import PCTLoss, SpatialSmoothedCELoss
from .necks import DPU, HRNetIncrease, UpsampleConcat

__all__ = [
    'DPU',
    'DROP',
    'IBN',
    'WAMP',
    'BNNeck',
    'BaseReIDHead',
    'GlobalReIDHead',
    'HRNetIncrease',
    'PCTLoss',
    'ParsingHead',
    'PartMemoryBank',
    'PartReIDHead',
    'PedestrianPositionEncoder',
    'Reduction',
    'ResNetIBN',
    'SpatialSmoothedCELoss',
    'UpsampleConcat',
    'wamp',
]
