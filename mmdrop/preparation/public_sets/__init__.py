"""Check, unpack and build the public data sets."""

from mmdrop.preparation.public_sets.checking import check_dataset
from mmdrop.preparation.public_sets.prepare import prepare_dataset

__all__ = ['check_dataset', 'prepare_dataset']
