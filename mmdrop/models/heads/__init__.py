from .base_reid_head import BaseReIDHead
from .global_reid_head import GlobalReIDHead
from .parsing_head import ParsingHead
from .part_reid_head import PartReIDHead

__all__ = ['BaseReIDHead', 'GlobalReIDHead', 'ParsingHead', 'PartReIDHead']
