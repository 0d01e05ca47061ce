"""What every room may use: tables as text and CSV, whole files, and facts about the machine."""

from .files import remove_unfinished, whole_file, write_atomically
from .hardware import memory_mib, peak_above, processor
from .tables import csv_text, markdown_table, plain_table

__all__ = [
    'csv_text',
    'markdown_table',
    'memory_mib',
    'peak_above',
    'plain_table',
    'processor',
    'remove_unfinished',
    'whole_file',
    'write_atomically',
]
