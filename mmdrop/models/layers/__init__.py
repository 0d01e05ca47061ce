from .bnneck import BNNeck, Reduction
from .memory_bank import PartMemoryBank
from .position_encoder import PedestrianPositionEncoder
from .wamp import WAMP, wamp

__all__ = ['WAMP', 'BNNeck', 'PartMemoryBank', 'PedestrianPositionEncoder', 'Reduction', 'wamp']
