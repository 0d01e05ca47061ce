"""Fill the tables of a Markdown file from the CSV file of a study.

A table is a comment that says what it holds, and the lines up to the next ``<!-- end -->``, which
are written anew. Each line of the comment is a recipe, perhaps with a row of embeddings, what the
first column calls it, and what the paper reports::

    <!-- study clean pasted
    drop | all of DROP | 76.8 / 63.3
    drop:G+F | G+F | 68.1 / 58.2
    -->
    <!-- end -->

Its first line names test sets. Figures behind them take the place of Rank-1 and mAP, and a file
that of the CSV file, from whose folder it is taken: ``study clean pasted mIoU parsing.csv``.

A matrix of ``transfer_matrix.py`` is a table too.  Its first line names its file, test sets and
perhaps figures, the others are models and what the first column calls them; figures of a set that
the model was trained on have a ``*``::

    <!-- matrix transfer.csv market1501 cuhk01
    global | global baseline
    -->
    <!-- end -->

    python tools/study/update_results.py study.csv docs/results.md
"""

import argparse
import csv
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from study_report import FIGURES, MAIN, TITLES, read_csv, values, write

from mmdrop.utils import markdown_table, write_atomically

_TABLE = re.compile(r'(<!-- (study|matrix) ([^\n]*)\n(.*?)-->\n).*?(<!-- end -->)', re.DOTALL)


def fill(text: str, path: Path, recipes: Collection[str] | None = None) -> str:
    """Write the tables of a text anew from the lines of a CSV file, and of files beside it.

    Raises:
        ValueError: There is no table, or one names a recipe that is not in ``recipes``.
    """
    if not _TABLE.search(text):
        raise ValueError('the text holds no table, <!-- study … --> … <!-- end -->')

    def replace(match: re.Match) -> str:
        head, kind, words, lines, end = match.groups()
        files = [word for word in words.split() if word.endswith('.csv')]
        figures = [word for word in words.split() if word in FIGURES]
        sets = [word for word in words.split() if word not in [*files, *figures]]
        too_few = kind == 'matrix' and not files
        if len(files) > 1 or too_few or not set(sets) <= set(TITLES):
            raise ValueError(f'not test sets {", ".join(TITLES)}, figures and one file: {words}')
        lines = lines.strip().splitlines()
        named = {re.split('[:|]', line)[0].strip() for line in lines}
        if kind == 'matrix':
            cells = make_matrix(path.with_name(files[0]), sets, lines, figures or MAIN)
            return f'{head}\n{markdown_table(cells)}\n\n{end}'
        if recipes is not None and not named <= set(recipes):
            raise ValueError(f'there is no recipe {", ".join(sorted(named - set(recipes)))}')
        rows = read_csv(path.with_name(files[0]) if files else path)
        cells = make_table(rows, sets, lines, figures or MAIN)
        return f'{head}\n{markdown_table(cells)}\n\n{end}'

    return _TABLE.sub(replace, text)


def make_table(
    rows: Sequence[dict], sets: Sequence[str], lines: Sequence[str], figures: Sequence[str] = MAIN
) -> list[list[str]]:
    """Cells of a table, header first: the figures of the paper and of each test set.

    The header names figures other than Rank-1 and mAP, and a column of dashes for the paper is
    left out.
    """
    unusual = '' if tuple(figures) == MAIN else f', {" / ".join(figures)}'
    cells = [['row', 'paper', *(f'{TITLES[name]}{unusual}' for name in sets), 'seeds']]
    for line in lines:
        source, label, paper = (part.strip() for part in line.split('|'))
        recipe, _, embeddings = source.partition(':')
        body = []
        number = 0
        for test_set in sets:
            found = [values(rows, recipe, test_set, name, embeddings or None) for name in figures]
            number = max(number, *map(len, found))
            ran = any(row['recipe'] == recipe for row in rows)
            without = '–' if ran else 'not run'
            body.append(' / '.join(map(write, found)) if any(found) else without)
        cells.append([label, paper, *body, str(number)])
    if all(paper == '–' for _, paper, *_ in cells[1:]):
        cells = [[label, *others] for label, _, *others in cells]
    return cells


def make_matrix(
    path: Path, sets: Sequence[str], lines: Sequence[str], figures: Sequence[str] = MAIN
) -> list[list[str]]:
    """Cells of a table of models by test sets, header first; what was not tested is a dash."""
    with path.open(newline='', encoding='utf-8') as file:
        rows = {(row['model'], row['set']): row for row in csv.DictReader(file)}
    cells = [['model', *(TITLES[name] for name in sets)]]
    for line in lines:
        model, label = (part.strip() for part in line.split('|'))
        line_cells = [label]
        for name in sets:
            row = rows.get((model, name))
            scores = ' / '.join(f'{float(row[figure]):.1f}' for figure in figures) if row else '–'
            line_cells.append(scores + ('*' if row and row['seen'] == 'yes' else ''))
        cells.append(line_cells)
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('csv', type=Path)
    parser.add_argument('markdown', type=Path)
    parser.add_argument('--recipes', type=Path, default='configs', help='their folder')
    args = parser.parse_args()
    try:
        text = args.markdown.read_text(encoding='utf-8')
        recipes = {path.stem for path in args.recipes.rglob('*.py')}
        write_atomically(args.markdown, fill(text, args.csv, recipes))
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
