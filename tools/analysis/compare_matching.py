"""Scores of one model under other rules of matching, from one pass over its test set.

A rule is: the embeddings to match by, the score from which on a part is visible, whether visible
parts count alike or by their scores, what a part counts that the gallery image hides, and whether
distances are squared; see ``mmdrop.functional.part_distance``. All combinations of the options are
scored::

    python tools/analysis/compare_matching.py CONFIG CHECKPOINT [--set pasted] \
        --visibility 0.2 0.4 0.6 --hidden skip mean 1.0 --graded no yes --out matching.csv

Choose a rule on validation images, and look at the test set with the one that was chosen.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from check_metric import extract

from mmdrop.engine import keep_freed_memory, make_parser
from mmdrop.functional import evaluate_ranking
from mmdrop.structures import find_embeddings
from mmdrop.utils import csv_text, plain_table, write_atomically

FIGURES = ('Rank-1', 'mAP')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--set', help='a further set of a MultiSetTestLoop')
    parser.add_argument(
        '--embeddings', nargs='+', default=['foreground+parts'], help='names joined by +'
    )
    parser.add_argument('--visibility', nargs='+', type=float, help="the model's own if left out")
    parser.add_argument('--graded', nargs='+', choices=('no', 'yes'), default=['no'])
    parser.add_argument('--hidden', nargs='+', default=['skip'], help='skip, mean, or a distance')
    parser.add_argument('--squared', nargs='+', choices=('no', 'yes'), default=['no'])
    parser.add_argument('--out', type=Path, help='CSV file to write')
    return parser.parse_args()


def score_rules(args: argparse.Namespace, samples: list[dict]) -> Iterator[dict[str, Any]]:
    """Score every rule, as rows of the CSV file."""
    sides = {
        side: [sample for sample in samples if bool(sample['is_query']) == (side == 'query')]
        for side in ('query', 'gallery')
    }
    labels = {
        f'{side}_{key}s': [int(sample[key]) for sample in images]
        for key in ('pid', 'camid')
        for side, images in sides.items()
    }
    rules = itertools.product(
        args.embeddings, args.visibility or [None], args.graded, args.hidden, args.squared
    )
    for embeddings, threshold, graded, hidden, squared in rules:
        columns = find_embeddings(embeddings.split('+'), samples[0]['embedding_names'])
        tensors = {}
        for side, images in sides.items():
            tensors[side] = torch.stack([sample['embeddings'][columns] for sample in images])
            tensors[f'{side}_visibility'] = torch.stack(
                [visibility(sample, threshold, graded == 'yes')[columns] for sample in images]
            )
        scores = evaluate_ranking(
            **tensors,
            **labels,
            topk=1,
            hidden=hidden if hidden in ('skip', 'mean') else float(hidden),
            squared=squared == 'yes',
        )
        yield dict(
            set=args.set or '',
            embeddings=embeddings,
            visibility='model' if threshold is None else threshold,
            graded=graded,
            hidden=hidden,
            squared=squared,
            **{name: round(scores[name], 2) for name in FIGURES},
        )


def visibility(sample: dict, threshold: float | None, graded: bool) -> torch.Tensor:
    """Bool or graded visibility of a sample's embeddings, ``(E,)``."""
    visible = sample['visibility'] if threshold is None else sample['visibility_score'] > threshold
    # What is below the threshold stays hidden: a small score is noise.
    return sample['visibility_score'].float() * visible if graded else visible


def main() -> None:
    args = parse_args()
    keep_freed_memory()
    samples, _ = extract(args)
    rows = list(score_rules(args, samples))
    print(plain_table([list(rows[0]), *([str(x) for x in row.values()] for row in rows)]))
    if args.out:
        write_atomically(args.out, csv_text(rows, list(rows[0])))


if __name__ == '__main__':
    main()
