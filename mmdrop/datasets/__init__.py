"""Data sets, label sources, transforms and the sampler."""

from mmdrop.datasets.label_checking import (
    LabelReport,
    check_labels,
    dataset_images,
    find_label_source,
    find_parsing_source,
)
from mmdrop.datasets.label_making import find_images, make_parsing_labels
from mmdrop.datasets.occlusion import OccludePerson
from mmdrop.datasets.occlusion_proxy import hash_images, image_checksum, occluded_images
from mmdrop.datasets.parsing_base import ParsingSource
from mmdrop.datasets.parsing_sources import LoadKeypointParsing, LoadParsingMap, LoadPifPafFields
from mmdrop.datasets.part_groups import PART_GROUPS, PartGroups, get_part_groups
from mmdrop.datasets.preparation import check_dataset, prepare_dataset
from mmdrop.datasets.reid_dataset import ReIDDataset
from mmdrop.datasets.report import CheckReport
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
    'CheckReport',
    'EraseWithParts',
    'FlipWithParts',
    'IdentitySampler',
    'LabelReport',
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
    'check_labels',
    'dataset_images',
    'find_images',
    'find_label_source',
    'find_parsing_source',
    'get_part_groups',
    'hash_images',
    'image_checksum',
    'make_parsing_labels',
    'occluded_images',
    'prepare_dataset',
]
