"""Label sources: PifPaf fields, key points and index maps, each read as one label map."""

from .base import FileParsingSource, ParsingSource, find_parsing_source
from .index_maps import LoadParsingMap
from .keypoint_labels import LoadKeypointParsing
from .part_groups import PART_GROUPS, PartGroups, get_part_groups
from .pifpaf_fields import LoadPifPafFields

__all__ = [
    'PART_GROUPS',
    'FileParsingSource',
    'LoadKeypointParsing',
    'LoadParsingMap',
    'LoadPifPafFields',
    'ParsingSource',
    'PartGroups',
    'find_parsing_source',
    'get_part_groups',
]
