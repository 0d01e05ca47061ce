"""What runs before a training: public sets are unpacked, parsing labels made, labels checked."""

from mmdrop.datasets.parsing import find_parsing_source

from .label_checking import (
    LabelAgreement,
    LabelReport,
    check_labels,
    compare_labels,
    dataset_images,
    find_label_source,
)
from .label_making import find_images, find_model_groups, make_parsing_labels
from .public_sets import check_dataset, prepare_dataset
from .report import CheckReport

__all__ = [
    'CheckReport',
    'LabelAgreement',
    'LabelReport',
    'check_dataset',
    'check_labels',
    'compare_labels',
    'dataset_images',
    'find_images',
    'find_label_source',
    'find_model_groups',
    'find_parsing_source',
    'make_parsing_labels',
    'prepare_dataset',
]
