"""Layers that necks and heads are made of: pooling, position encoder, BNNeck, memory bank."""

from .bnneck import BNNeck, Reduction
from .memory_bank import PartMemoryBank
from .position_encoder import PedestrianPositionEncoder
from .wamp import WAMP, wamp
from .wap import WAP

__all__ = [
    'WAMP',
    'WAP',
    'BNNeck',
    'PartMemoryBank',
    'PedestrianPositionEncoder',
    'Reduction',
    'wamp',
]
