"""What every room may use: files, tables, modules, further packages, facts of the machine."""

from .extras import import_extra
from .files import remove_unfinished, whole_file, write_atomically
from .hardware import memory_mib, peak_above, processor
from .listing import IMAGE_EXTENSIONS, is_hidden, list_files, list_image_files
from .modules import is_training_only
from .tables import csv_text, markdown_table, plain_table

__all__ = [
    'IMAGE_EXTENSIONS',
    'csv_text',
    'import_extra',
    'is_hidden',
    'is_training_only',
    'list_files',
    'list_image_files',
    'markdown_table',
    'memory_mib',
    'peak_above',
    'plain_table',
    'processor',
    'remove_unfinished',
    'whole_file',
    'write_atomically',
]
