"""Tables as CSV, aligned text and Markdown."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence


def csv_text(
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[str],
    header: bool = True,
    digits: int | None = 4,
) -> str:
    """Lines of a CSV file; a column that a row lacks is empty.

    Args:
        rows: The lines, from column to value.
        columns: The columns, in their order.
        header: Begin with the names of the columns.
        digits: Decimals of floats; all of them if None.

    Raises:
        ValueError: A row has a column that is not among ``columns``.
    """
    text = io.StringIO(newline='')
    writer = csv.DictWriter(text, columns, restval='', lineterminator='\n')
    if header:
        writer.writeheader()
    for row in rows:
        if digits is not None:
            row = {k: round(v, digits) if isinstance(v, float) else v for k, v in row.items()}
        writer.writerow(row)
    return text.getvalue()


def plain_table(cells: Sequence[Sequence[str]]) -> str:
    """Aligned text of a table, header first."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return '\n'.join('  '.join(map(str.ljust, line, widths)).rstrip() for line in cells)


def markdown_table(cells: Sequence[Sequence[str]]) -> str:
    """Markdown of a table, header first; all columns but the first are aligned to the right."""
    header, *body = cells
    lines = [header, ['---', *['---:'] * (len(header) - 1)], *body]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)
