"""Check, unpack and build the public data sets."""

from mmdrop.datasets.preparation.checking import check_dataset
from mmdrop.datasets.preparation.prepare import prepare_dataset
from mmdrop.datasets.preparation.report import DatasetReport

__all__ = ['DatasetReport', 'check_dataset', 'prepare_dataset']
