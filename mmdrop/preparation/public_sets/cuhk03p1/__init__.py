"""CUHK03-P1-Occluded: occluded people among the detected crops of CUHK03's first camera pair.

A benchmark made for this project, not a published protocol; docs/datasets.md says how.  The files
beside this one are its list, the annotations that it was made of, and key points of its images.
They hold no image.
"""

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
