"""Check parsing labels before a training reads them."""

from mmdrop.preparation.label_checking.agreement import LabelAgreement, compare_labels
from mmdrop.preparation.label_checking.check import check_labels
from mmdrop.preparation.label_checking.find import dataset_images, find_label_source
from mmdrop.preparation.label_checking.report import LabelReport

__all__ = [
    'LabelAgreement',
    'LabelReport',
    'check_labels',
    'compare_labels',
    'dataset_images',
    'find_label_source',
]
