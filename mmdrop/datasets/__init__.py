"""Data sets, label sources, transforms and the sampler."""

from mmdrop.datasets.label_making import find_images, make_parsing_labels
from mmdrop.datasets.occlusion import OccludePerson
from mmdrop.datasets.occlusion_proxy import hash_images, image_checksum, occluded_images
from mmdrop.datasets.parsing_base import ParsingSource
from mmdrop.datasets.parsing_sources import LoadKeypointParsing, LoadParsingMap, LoadPifPafFields
from mmdrop.datasets.part_groups import PART_GROUPS, PartGroups, get_part_groups
from mmdrop.datasets.preparation import DatasetReport, check_dataset, prepare_dataset
from mmdrop.datasets.reid_dataset import ReIDDataset
from mmdrop.datasets.sampler import IdentitySampler
from mmdrop.datasets.synthetic import SyntheticReID
from mmdrop.datasets.transforms import (
    EraseWithParts,
    FlipWithParts,
    LoadImage,
    PackReIDInputs,
    PadCropWithParts,
)

__all__ = [
    'PART_GROUPS',
    'DatasetReport',
    'EraseWithParts',
    'FlipWithParts',
    'IdentitySampler',
    'LoadImage',
    'LoadKeypointParsing',
    'LoadParsingMap',
    'LoadPifPafFields',
    'OccludePerson',
    'PackReIDInputs',
    'PadCropWithParts',
    'ParsingSource',
    'PartGroups',
    'ReIDDataset',
    'SyntheticReID',
    'check_dataset',
    'find_images',
    'get_part_groups',
    'hash_images',
    'image_checksum',
    'make_parsing_labels',
    'occluded_images',
    'prepare_dataset',
]
