"""Label sources: PifPaf fields, key points and index maps, each read as one label map."""

from .base import FileParsingSource, ParsingSource
from .part_groups import PART_GROUPS, PartGroups, get_part_groups
from .sources import LoadKeypointParsing, LoadParsingMap, LoadPifPafFields

__all__ = [
    'PART_GROUPS',
    'FileParsingSource',
    'LoadKeypointParsing',
    'LoadParsingMap',
    'LoadPifPafFields',
    'ParsingSource',
    'PartGroups',
    'get_part_groups',
]
