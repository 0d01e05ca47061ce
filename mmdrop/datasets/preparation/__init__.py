"""Check, unpack and build the public data sets."""

from mmdrop.datasets.preparation.checking import check_dataset
from mmdrop.datasets.preparation.prepare import prepare_dataset

__all__ = ['check_dataset', 'prepare_dataset']
