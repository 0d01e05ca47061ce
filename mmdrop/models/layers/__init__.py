"""Layers of necks, heads and backbones: pooling, position encoder, norms, BNNeck, memory bank."""

from .bnneck import BNNeck, Reduction
from .ibn import IBN
from .memory_bank import PartMemoryBank
from .mix_style import MixStyle
from .position_encoder import PedestrianPositionEncoder
from .wamp import WAMP, wamp
from .wap import WAP

__all__ = [
    'IBN',
    'WAMP',
    'WAP',
    'BNNeck',
    'MixStyle',
    'PartMemoryBank',
    'PedestrianPositionEncoder',
    'Reduction',
    'wamp',
]
