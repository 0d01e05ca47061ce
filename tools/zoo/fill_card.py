r"""Write the tables of a model's card, and its figures in the metafile: in a clone.

::

    python tools/test.py configs/drop_demo.py zoo://drop_demo --work-dir work_dirs/test_demo
    python tools/zoo/fill_card.py drop_demo \
        'Rendered pedestrians=work_dirs/test_demo/DATE/DATE.json'

A result is ``SET=FILE``, FILE being the JSON file that a test leaves in its work dir, or
``SET=FILE:NAME`` for the set whose metrics begin with NAME there.  Results are kept in
``benchmarks/zoo/MODEL.csv``; a set that is named again is written anew.  Without results the tables
are filled from that file.
"""

import argparse
import json
import sys
from pathlib import Path

from mmdrop.engine import USER_ERRORS
from mmdrop.utils import write_atomically
from mmdrop.zoo import (
    ZooModel,
    fill_card,
    find_model,
    pick_figures,
    read_entry,
    read_results,
    replace_entry,
    write_results,
)

ROOT = Path(__file__).parents[2]
METAFILE = ROOT / 'configs' / 'metafile.yml'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', help='its name')
    parser.add_argument('results', nargs='*', metavar='SET=FILE[:NAME]')
    return parser.parse_args()


def read_result(text: str, model: ZooModel) -> dict[str, str | float]:
    """Row of the CSV file for one result of the command line."""
    test_set, _, place = text.partition('=')
    path, _, prefix = place.partition(':')
    if not place:
        raise ValueError(f'a result is SET=FILE or SET=FILE:NAME, got {text!r}')
    metrics = json.loads(Path(path).read_text(encoding='utf-8'))
    return {'set': test_set, **pick_figures(metrics, prefix), 'sha256': model.sha256}


def write_metafile(name: str, rows: list[dict[str, str | float]]) -> None:
    """Put the figures of all sets into the model's entry."""
    text = METAFILE.read_text(encoding='utf-8')
    entry = read_entry(text, name)
    results = [
        {
            'Task': 'Person Re-Identification',
            'Dataset': row['set'],
            'Metrics': {key: round(float(row[key]), 1) for key in ('Rank-1', 'mAP')},
        }
        for row in rows
    ]
    entry.pop('Results', None)
    head = {key: entry.pop(key) for key in ('Name', 'In Collection', 'Metadata')}
    write_atomically(METAFILE, replace_entry(text, head | {'Results': results} | entry))


def main() -> None:
    args = parse_args()
    try:
        model = find_model(args.model)
        kept = ROOT / 'benchmarks' / 'zoo' / f'{model.name}.csv'
        rows = {str(row['set']): row for row in read_results(kept)}
        rows |= {str(row['set']): row for row in (read_result(x, model) for x in args.results)}
        card = ROOT / 'docs' / 'model_zoo' / f'{model.name}.md'
        filled = fill_card(card.read_text(encoding='utf-8'), model, list(rows.values()))
        if args.results:
            write_results(kept, list(rows.values()))
            write_metafile(model.name, list(rows.values()))
        write_atomically(card, filled)
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
