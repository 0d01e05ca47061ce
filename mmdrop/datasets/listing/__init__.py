"""Which images a data set has, what their names say, and whether they fit together."""

from .checking import Listed, check_images
from .counts import count_images, describe_counts
from .csv_file import read_csv
from .folders import keep_subset, list_folder, list_layout, missing_folder, parse_image
from .images import JUNK_PID, NO_CAMERA, SUBSETS, Image
from .names import number_of, number_pids, parse_name

__all__ = [
    'JUNK_PID',
    'NO_CAMERA',
    'SUBSETS',
    'Image',
    'Listed',
    'check_images',
    'count_images',
    'describe_counts',
    'keep_subset',
    'list_folder',
    'list_layout',
    'missing_folder',
    'number_of',
    'number_pids',
    'parse_image',
    'parse_name',
    'read_csv',
]
