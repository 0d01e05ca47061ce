"""Tables of a model card, filled from the metafile and from a CSV file of results."""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmdrop.utils import csv_text, markdown_table, write_atomically
from mmdrop.zoo.index import ZooModel

FIGURES = ('Rank-1', 'Rank-5', 'Rank-10', 'mAP', 'mINP')
COLUMNS = ('set', *FIGURES, 'sha256')
# Test sets that are made of the images of a training set's cameras.
_ORIGINS = {'Pasted-Market': 'Market-1501', 'CUHK03-P1-Occluded': 'CUHK03-P1'}
_BLOCK = re.compile(r'(<!-- (facts|results) -->\n).*?(<!-- end -->)', re.DOTALL)


def read_results(path: Path) -> list[dict[str, str | float]]:
    """Lines of a file of :func:`write_results`; none if there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline='', encoding='utf-8') as file:
        rows = [dict[str, str | float](row) for row in csv.DictReader(file)]
    return [
        row | {key: float(row[key]) for key in FIGURES if row.get(key) not in (None, '')}
        for row in rows
    ]


def write_results(path: Path, rows: Sequence[Mapping[str, str | float]]) -> None:
    """Write results, one line a test set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, csv_text(rows, COLUMNS, digits=2))


def pick_figures(metrics: Mapping[str, float], prefix: str = '') -> dict[str, float]:
    """Figures of one test set among the metrics that a test wrote.

    Args:
        metrics: ``'reid/mAP'`` …, and ``'NAME/reid/mAP'`` of further test sets.
        prefix: NAME, empty for the first set.

    Raises:
        ValueError: It has none.
    """
    start = f'{prefix}/reid/' if prefix else 'reid/'
    found = {key: metrics[start + key] for key in FIGURES if start + key in metrics}
    if not found:
        raise ValueError(f'no metric begins with {start}, only {", ".join(metrics)}')
    return found


def fill_card(text: str, model: ZooModel, rows: Sequence[Mapping[str, str | float]]) -> str:
    """A card with its tables written anew.

    The tables stand between ``<!-- facts -->``, or ``<!-- results -->``, and ``<!-- end -->``.

    Args:
        text: The card, Markdown.
        model: Its model.
        rows: Results of :func:`read_results`.

    Raises:
        ValueError: A table has no place, or a result is of another file than the model's.
    """
    old = [str(row['set']) for row in rows if row['sha256'] != model.sha256]
    if old:
        raise ValueError(
            f'results on {", ".join(old)} are not those of {model.file.name} as it is now: '
            'test it again'
        )
    tables = {'facts': _facts(model), 'results': _results(model, rows)}
    places = [match[2] for match in _BLOCK.finditer(text)]
    if sorted(places) != sorted(tables):
        raise ValueError(
            'a card needs <!-- facts --> … <!-- end --> and <!-- results --> … <!-- end --> once '
            f'each, found {", ".join(places) or "none"}'
        )
    return _BLOCK.sub(lambda match: f'{match[1]}\n{tables[match[2]]}\n\n{match[3]}', text)


def _facts(model: ZooModel) -> str:
    info = model.open().info
    cells = [
        ['', model.name],
        ['file', f'{model.size / 1e6:.1f} MB, half precision'],
        ['SHA-256', f'`{model.sha256}`'],
        ['input, height × width', model.input_size],
        ['embeddings × channels', model.embeddings],
        ['parts', ', '.join(f'{k} {name}' for k, name in enumerate(info.parts, 1)) or '–'],
        ['table of parts', f'`{info.groups}`' if info.groups else '–'],
        ['trained on', ', '.join(model.training_sets)],
        ['terms of the weights', model.terms],
    ]
    return markdown_table(cells)


def _results(model: ZooModel, rows: Sequence[Mapping[str, str | float]]) -> str:
    if not rows:
        return 'Not measured yet.'
    cells = [['test set', 'set seen in training', *FIGURES]]
    for row in rows:
        name = str(row['set'])
        known = _ORIGINS.get(name, name) in model.training_sets
        seen = 'yes, other people of it' if known else 'no'
        cells.append([name, seen, *(_write(row.get(key)) for key in FIGURES)])
    return markdown_table(cells)


def _write(value: str | float | None) -> str:
    return f'{value:.1f}' if isinstance(value, float) else '–'
