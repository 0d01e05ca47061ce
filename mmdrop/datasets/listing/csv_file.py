"""A list of images in a CSV file, whatever program wrote it."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from mmdrop.datasets.listing.images import SUBSETS, Image
from mmdrop.datasets.listing.names import parse_camera, parse_pid

_REQUIRED = ('path', 'pid', 'subset')
_DELIMITERS = {',': 'commas', ';': 'semicolons', '\t': 'tabs'}


def read_csv(root: Path, ann_file: Path) -> dict[str, list[Image]]:
    """Images of each subset in a CSV file, sorted by path.

    Columns are path, pid, subset and, if there are cameras, camid, in any order, between others;
    separated by commas, semicolons or tabs.  Blanks around names and values do not count.

    Args:
        root: What the paths are relative to.
        ann_file: UTF-8, or UTF-16 with a byte-order mark.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, a column is missing, or a line is wrong.
    """
    if not ann_file.is_file():
        raise FileNotFoundError(f'{ann_file} does not exist; set `ann_file`, relative to data_root')
    subsets: dict[str, list[Image]] = {subset: [] for subset in SUBSETS}
    try:
        for where, row in _rows(_read_text(ann_file), ann_file):
            subset = row['subset'].lower()
            if subset not in subsets:
                raise ValueError(f'{where}: subset {row["subset"]!r} is not train, query, gallery')
            if not row['path'] or not row['pid']:
                raise ValueError(f'{where}: path and pid must not be empty')
            name = _find(root, row['path'])
            stem = Path(name).with_suffix('').as_posix()
            camid = parse_camera(row.get('camid'), 0, where)
            pid = parse_pid(row['pid'], where)
            subsets[subset].append(Image(root / name, stem, pid, camid, where))
    except csv.Error as error:
        raise ValueError(f'{ann_file} is not a CSV file that can be read ({error})') from error
    return {subset: sorted(images) for subset, images in subsets.items()}


def _read_text(path: Path) -> str:
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode('utf-16' if wide else 'utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not in UTF-8 ({error})') from error


def _rows(text: str, path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each line is, and its values by column; empty lines are passed over."""
    lines = io.StringIO(text, newline='')
    announced = re.match(r'sep=.\r?\n', text)  # as Excel writes it above the header
    if announced:
        lines.seek(announced.end())
    start = lines.tell()
    delimiter, columns = _read_header(lines, path)
    lines.seek(start)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != '\t')
    next(reader)
    for values in reader:
        values = [value.strip() for value in values]
        if not any(values):
            continue
        where = f'{path}, line {reader.line_num + bool(announced)}'
        if any(values[len(columns) :]):
            raise ValueError(
                f'{where} has {len(values)} values, the header {len(columns)} columns; put a path '
                f'with {_DELIMITERS[delimiter]} in quotes'
            )
        values += [''] * (len(columns) - len(values))
        yield where, dict(zip(columns, values, strict=False))


def _read_header(lines: io.StringIO, path: Path) -> tuple[str, list[str]]:
    """The delimiter that makes the header hold all columns, and the columns."""
    start = lines.tell()
    best: tuple[str, list[str]] = (',', [])
    for delimiter in _DELIMITERS:
        lines.seek(start)
        header = next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), [])
        columns = [name.strip().lower() for name in header]
        if len(set(_REQUIRED) & set(columns)) > len(set(_REQUIRED) & set(best[1])):
            best = delimiter, columns
    delimiter, columns = best
    missing = sorted(set(_REQUIRED) - set(columns))
    if missing:
        found = f'its header, split at {_DELIMITERS[delimiter]}, is {columns}'
        if not columns:
            lines.seek(start)
            first = lines.readline().strip()[:80]
            found = (
                f'its first line, {first!r}, must name the columns {", ".join(_REQUIRED)} and '
                'maybe camid, between commas, semicolons or tabs'
            )
        raise ValueError(f'{path} has no column {missing}; {found}')
    twice = [name for name in (*_REQUIRED, 'camid') if columns.count(name) > 1]
    if twice:
        raise ValueError(f'{path} has two columns {twice[0]!r}')
    return delimiter, columns


def _find(root: Path, name: str) -> str:
    """A path with slashes where that is the file that a path with backslashes means."""
    slashes = name.replace('\\', '/')
    if slashes != name and not (root / name).exists() and (root / slashes).exists():
        return slashes
    return name
