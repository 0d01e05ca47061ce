"""CUHK03-P1-Occluded, a benchmark made here: list, annotations, key points and how to build it."""

# No published protocol; docs/datasets.md says how it was made.  No file here holds a picture.
from .benchmark import FILES, FOLDER, KNOWN, NAME, check_images, prepare_images, read_names
from .mat_file import CUHK03Mat

__all__ = [
    'FILES',
    'FOLDER',
    'KNOWN',
    'NAME',
    'CUHK03Mat',
    'check_images',
    'prepare_images',
    'read_names',
]
