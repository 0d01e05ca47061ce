"""CSV file and tables of a study, several recipes trained with several seeds each.

Reads the CSV file that ``run_study.py`` writes, one line per recipe, seed, test set and row of
embeddings. The first line of a recipe, seed and set is the evaluator's own row::

    python tools/study/study_report.py study.csv --recipes drop global --set clean pasted
    python tools/study/study_report.py study.csv --compare global drop --set pasted
"""

import argparse
import csv
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdrop.utils import csv_text, markdown_table, plain_table, write_atomically

RECALLS = ('visible_recall', 'hidden_recall')
PARSING = ('aAcc', 'mIoU', *RECALLS, 'balanced_recall')
FIGURES = ('Rank-1', 'Rank-5', 'Rank-10', 'mAP', 'mINP', *PARSING)
MAIN = ('Rank-1', 'mAP')
FACTS = ('train_seconds', 'images_per_second', 'commit', 'torch', 'hardware', 'date', 'test')
TITLES = {  # of the test sets
    'clean': 'Market-1501',
    'market1501': 'Market-1501',
    'pasted': 'Pasted-Market (proxy)',
    'cuhk01': 'CUHK01',
    'cuhk03p1_occluded': 'CUHK03-P1-Occluded',
}
OLD_NAMES = {'pasted': 'occluded'}  # what test sets are called in files of before
COLUMNS = ('recipe', 'seed', 'set', 'embeddings', *FIGURES, *FACTS)


def split_metric_name(key: str) -> tuple[str, str, str]:
    """Split ``'pasted/reid/G+F/mAP'`` into test set, row of embeddings and figure.

    Args:
        key: Name of a metric of ``ReIDMetric`` or ``ParsingMetric``, as the log of a test holds it.

    Returns:
        Test set, ``''`` for the main one; embeddings, ``''`` for the evaluator's own row; figure.
    """
    *path, figure = key.split('/')
    at = max((i for i, name in enumerate(path) if name in ('reid', 'parsing')), default=len(path))
    return '/'.join(path[:at]), '/'.join(path[at + 1 :]), figure


def make_rows(results: Sequence[dict], main_set: str = 'clean') -> list[dict]:
    """Lines of the CSV file, without duplicates, from results as ``run_study.py`` keeps them."""
    rows: dict[tuple, dict] = {}
    for result in results:
        for key, value in result['metrics'].items():
            test_set, embeddings, figure = split_metric_name(key)
            if figure not in FIGURES:
                continue
            place = {
                'recipe': result['recipe'],
                'seed': result['seed'],
                'set': test_set or main_set,
                'embeddings': embeddings or result['embeddings'],
            }
            facts = {name: result.get(name, '') for name in FACTS}
            rows.setdefault(tuple(place.values()), place | facts)[figure] = value
    return list(rows.values())


def write_csv(rows: Sequence[dict], path: Path) -> None:
    """Write lines of :func:`make_rows`."""
    columns = [x for x in COLUMNS if x not in PARSING or any(x in row for row in rows)]
    write_atomically(path, csv_text(rows, columns))


def read_csv(path: Path) -> list[dict]:
    """Read what :func:`write_csv` wrote; figures are numbers again, or absent.

    ``balanced_recall``, the mean of the recalls of visible and of hidden parts, is worked out for
    files without it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no file of :func:`write_csv`.
    """
    with path.open(newline='') as file:
        reader = csv.DictReader(file)
        lacking = {'recipe', 'seed', 'set', 'embeddings'} - {*(reader.fieldnames or ())}
        rows = [dict[str, Any](line) for line in reader]
    if lacking:
        raise ValueError(
            f'{path} has no column {", ".join(sorted(lacking))}: give a file that run_study.py '
            'wrote, with commas between the columns'
        )
    for row in rows:
        row['seed'] = int(row['seed'])
        row |= {name: float(row[name]) for name in FIGURES if row.get(name)}
        recalls = [row[name] for name in RECALLS if isinstance(row.get(name), float)]
        if len(recalls) == len(RECALLS) and not row.get('balanced_recall'):
            row['balanced_recall'] = statistics.fmean(recalls)
    return [{key: value for key, value in row.items() if value != ''} for row in rows]


def values(
    rows: Sequence[dict], recipe: str, test_set: str, figure: str, embeddings: str | None = None
) -> list[float]:
    """A figure of every seed, of the evaluator's own row unless embeddings are named."""
    test_set = find_set(rows, test_set)
    found: dict[int, float] = {}
    for row in rows:
        here = row['recipe'] == recipe and row['set'] == test_set and figure in row
        if here and embeddings in (None, row['embeddings']):
            found.setdefault(row['seed'], row[figure])
    return list(found.values())


def find_set(rows: Sequence[dict], test_set: str) -> str:
    """What the rows call a test set: its name, or the one of before if they have only that."""
    known, old = {row['set'] for row in rows}, OLD_NAMES.get(test_set)
    return old if old in known and test_set not in known else test_set


def spread(numbers: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation, NaN where there are too few numbers."""
    mean = statistics.fmean(numbers) if numbers else float('nan')
    return mean, statistics.stdev(numbers) if len(numbers) > 1 else float('nan')


def write(numbers: Sequence[float]) -> str:
    """Write ``mean ± sd``, the mean alone for a single number, a dash for none."""
    mean, deviation = spread(numbers)
    if len(numbers) < 2:
        return f'{mean:.1f}' if numbers else '–'
    return f'{mean:.1f} ± {deviation:.1f}'


def names(rows: Sequence[dict], column: str) -> list[str]:
    """Values of a column in the order of their first line."""
    return list(dict.fromkeys(row[column] for row in rows))


def table(
    rows: Sequence[dict],
    recipes: Sequence[str] | None = None,
    sets: Sequence[str] | None = None,
    figures: Sequence[str] = MAIN,
    embeddings: str | None = None,
) -> list[list[str]]:
    """Cells of a table of mean ± standard deviation over the seeds, header first.

    All recipes and sets if none are named, and the evaluator's own row of embeddings.
    """
    recipes, sets = recipes or names(rows, 'recipe'), sets or names(rows, 'set')
    columns = [(test_set, figure) for test_set in sets for figure in figures]
    cells = [['recipe', 'seeds', *(f'{figure} {test_set}' for test_set, figure in columns)]]
    for recipe in recipes:
        numbers = [values(rows, recipe, *column, embeddings) for column in columns]
        cells.append([recipe, str(max(map(len, numbers), default=0)), *map(write, numbers)])
    return cells


def mixtures(rows: Sequence[dict]) -> list[str]:
    """Say which recipes hold seeds of different commits, versions, hardware or tests."""
    lines = []
    for recipe in names(rows, 'recipe'):
        own = [row for row in rows if row['recipe'] == recipe]
        for fact in ('commit', 'torch', 'hardware', 'test'):
            found = {str(row[fact]) for row in own if fact in row}
            if len(found) > 1:
                lines.append(f'{recipe}: seeds of different {fact}: {", ".join(sorted(found))}')
    return lines


def compare(
    rows: Sequence[dict], base: str, other: str, test_set: str, embeddings: str | None = None
) -> str:
    """Say how far the means of two recipes differ, beside twice their pooled deviation."""
    lines = []
    for figure in MAIN:
        a, b = (values(rows, recipe, test_set, figure, embeddings) for recipe in (base, other))
        if not a or not b:
            raise ValueError(f'no {figure} of {other if a else base} on {test_set}')
        difference = statistics.fmean(b) - statistics.fmean(a)
        line = f'{test_set} {figure}: {other} {write(b)}, {base} {write(a)}: {difference:+.1f}'
        freedom = len(a) + len(b) - 2
        if freedom:
            squares = sum(statistics.variance(x) * (len(x) - 1) for x in (a, b) if len(x) > 1)
            twice = 2 * (squares / freedom) ** 0.5
            word = 'more than' if abs(difference) > twice else 'within'
            line += f', {word} two pooled standard deviations ({twice:.1f})'
        else:
            line += ', of one seed each'
        lines.append(line)
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('csv', type=Path)
    parser.add_argument('--recipes', nargs='+', help='all of the file if left out')
    parser.add_argument('--set', nargs='+', help='test sets, all of the file if left out')
    parser.add_argument('--figures', nargs='+', default=MAIN, choices=FIGURES)
    parser.add_argument('--embeddings', help="row such as G+F, the evaluator's own if left out")
    parser.add_argument('--markdown', action='store_true', help='a Markdown table, not plain text')
    parser.add_argument('--compare', nargs=2, metavar=('BASE', 'OTHER'), help='two recipes')
    args = parser.parse_args()
    try:
        rows = read_csv(args.csv)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    unknown = {*(args.recipes or ()), *(args.compare or ())} - {*names(rows, 'recipe')}
    unknown |= {find_set(rows, name) for name in args.set or ()} - {*names(rows, 'set')}
    if unknown:
        parser.error(f'{args.csv} holds no {", ".join(sorted(unknown))}')
    if args.compare:
        base, other = args.compare
        try:
            for test_set in args.set or names(rows, 'set'):
                print(compare(rows, base, other, test_set, args.embeddings))
        except ValueError as error:  # one of them has no such figure
            parser.error(str(error))
        return
    cells = table(rows, args.recipes, args.set, args.figures, args.embeddings)
    print(markdown_table(cells) if args.markdown else plain_table(cells))


if __name__ == '__main__':
    main()
