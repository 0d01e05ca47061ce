"""What training and testing read: data sets, label sources, transforms and the sampler."""

import sys

from mmdrop.datasets import parsing
from mmdrop.datasets.joint import JointReID
from mmdrop.datasets.occlusion import (
    OccludePerson,
    RandomOcclusion,
    hash_images,
    image_checksum,
    occluded_images,
)
from mmdrop.datasets.parsing import (
    PART_GROUPS,
    LoadKeypointParsing,
    LoadParsingMap,
    LoadPifPafFields,
    ParsingSource,
    PartGroups,
    get_part_groups,
)
from mmdrop.datasets.reid_dataset import ReIDDataset
from mmdrop.datasets.rendering import SyntheticReID
from mmdrop.datasets.sampler import IdentitySampler
from mmdrop.datasets.transforms import (
    EraseWithParts,
    FlipWithParts,
    LoadImage,
    PackReIDInputs,
    PadCropWithParts,
)

__all__ = [
    'PART_GROUPS',
    'EraseWithParts',
    'FlipWithParts',
    'IdentitySampler',
    'JointReID',
    'LoadImage',
    'LoadKeypointParsing',
    'LoadParsingMap',
    'LoadPifPafFields',
    'OccludePerson',
    'PackReIDInputs',
    'PadCropWithParts',
    'ParsingSource',
    'PartGroups',
    'RandomOcclusion',
    'ReIDDataset',
    'SyntheticReID',
    'get_part_groups',
    'hash_images',
    'image_checksum',
    'occluded_images',
]

# Where scripts outside look for them still: the names of before there was the room `parsing`.
sys.modules |= {f'{__name__}.{old}': getattr(parsing, old) for old in ('keypoint_files', 'limbs')}
