"""Heads: parsing, and the ReID heads with their identity and part losses."""

from .base_reid_head import BaseReIDHead
from .global_reid_head import GlobalReIDHead
from .parsing_head import ParsingHead
from .part_reid_head import PartReIDHead
from .stripe_reid_head import StripeReIDHead

__all__ = ['BaseReIDHead', 'GlobalReIDHead', 'ParsingHead', 'PartReIDHead', 'StripeReIDHead']
