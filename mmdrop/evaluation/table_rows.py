"""Rows of Table 6 of the paper, and the columns of the embeddings that each is matched by."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from mmdrop.structures import find_embeddings

# Legs and feet, which Table 6 of the paper takes in pairs at K = 8.
_PAIRS = {'k=5+6': ('part_5', 'part_6'), 'k=7+8': ('part_7', 'part_8')}
# Rows of Table 6 of the paper below those of the single parts, in its order.
_TABLE_ROWS = {
    'G': ('global',),
    'F': ('foreground',),
    'P': ('parts',),
    'G+F': ('global', 'foreground'),
    'F+P': ('foreground', 'parts'),
    'G+F+P': ('global', 'foreground', 'parts'),
}


def table_columns(names: Sequence[str]) -> dict[str, list[int]]:
    """Rows of Table 6 that these embeddings allow, and their columns."""
    parts = [name for name in names if name.startswith(('part_', 'stripe_'))]
    rows = {name: (name,) for name in parts}
    if len(parts) == 8:
        rows |= _PAIRS
    rows |= _TABLE_ROWS
    columns = {}
    for row, wanted in rows.items():
        with suppress(ValueError):
            columns[row] = find_embeddings(wanted, names)
    return columns


def select_columns(inputs: dict[str, dict], columns: list[int]) -> dict[str, Any]:
    """Arguments of the ranking; neighbouring columns are a view, for a copy could be large."""
    index: slice | list[int] = columns
    if columns == list(range(columns[0], columns[-1] + 1)):
        index = slice(columns[0], columns[-1] + 1)
    arguments = {}
    for side, tensors in inputs.items():
        arguments[side] = tensors['embeddings'][:, index]
        arguments[f'{side}_visibility'] = tensors['visibility'][:, index]
    return arguments
