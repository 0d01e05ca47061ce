"""Check the scores of ``ReIDMetric`` on a real test set against a slow evaluation.

The test images are extracted once. ``ReIDMetric`` scores them, and so does ``slow_metric.py``::

    python tools/analysis/check_metric.py CONFIG CHECKPOINT --out scores.csv
    python tools/analysis/check_metric.py CONFIG CHECKPOINT --set pasted

Three more numbers a row tell a wrong protocol from the rounding of float32 distances, which may
swap two gallery images that are equally far: how many queries have another AP, by how much at
most, and the largest distance, in float64, by which the order of ``rank_gallery`` steps back.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner
from mmengine.utils import track_iter_progress
from slow_metric import average_precision, figures_in_percent, make_side, slow_positions

from mmdrop.engine import keep_freed_memory, load_config, make_parser
from mmdrop.evaluation import ReIDMetric
from mmdrop.functional import rank_gallery
from mmdrop.utils import csv_text, write_atomically

# Rows of Table 6 of the paper: how they are reported, and what they match by.
COMBINATIONS = {
    'G': ('global',),
    'F': ('foreground',),
    'P': ('parts',),
    'G+F': ('global', 'foreground'),
    'F+P': ('foreground', 'parts'),
    'G+F+P': ('global', 'foreground', 'parts'),
}
PAIRS = {'k=5+6': ('part_5', 'part_6'), 'k=7+8': ('part_7', 'part_8')}
BLOCK = 64  # queries whose ranks are held at once
SAME_AP = 1e-6


class Comparison(NamedTuple):
    """What the slow evaluation finds for one set of embeddings."""

    figures: dict[str, float]
    num_queries: int
    num_other_ap: int
    largest_ap_difference: float
    largest_step_back: float


class Recorder(BaseMetric):
    """Keeps what the test loop hands to a metric, and scores nothing."""

    default_prefix = 'recorder'

    def __init__(self) -> None:
        super().__init__()
        self.samples: list[dict[str, Any]] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Copy the fields that matter of each sample to the CPU."""
        keys = 'pid', 'camid', 'is_query', 'img_path', 'embedding_names'
        for sample in data_samples:
            tensors = {
                k: sample[k].detach().cpu().clone()
                for k in ('embeddings', 'visibility', 'visibility_score')
                if k in sample
            }
            self.results.append({k: sample[k] for k in keys} | tensors)

    def compute_metrics(self, results: list) -> dict:
        """Hand the samples on."""
        self.samples = results
        return {}


def table_rows(names: Sequence[str], main: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Rows to report and the positions of their embeddings; the first is that of the config."""
    parts = [name for name in names if name.startswith(('part_', 'stripe_'))]
    wanted: dict[str, Sequence[str]] = {'+'.join(main): main}
    wanted |= {name: (name,) for name in parts}
    if len(parts) == 8:
        wanted |= PAIRS
    wanted |= COMBINATIONS
    rows = {}
    for row, chosen in wanted.items():
        single = [name for x in chosen for name in (parts if x == 'parts' else [x])]
        if single and set(single) <= set(names) and ('parts' not in chosen or parts):
            rows[row] = tuple(sorted({names.index(name) for name in single}))
    return rows


def step_back(distances: np.ndarray) -> float:
    """The most by which a value falls below one before it; 0 for an ascending sequence."""
    before = np.maximum.accumulate(distances)
    fallen = distances < before
    return float((before[fallen] - distances[fallen]).max(initial=0))


def own_orders(
    queries: Sequence[dict], gallery: dict[str, Any], columns: tuple[int, ...], hidden: str
) -> list[np.ndarray]:
    """Gallery images of each query as ``rank_gallery`` orders them, junk left out."""
    index = list(columns)
    order, _ = rank_gallery(
        query=torch.stack([sample['embeddings'][index] for sample in queries]).float(),
        gallery=gallery['embeddings'][:, index],
        query_visibility=torch.stack([sample['visibility'][index] for sample in queries]),
        gallery_visibility=gallery['visibility'][:, index],
        query_pids=[sample['pid'] for sample in queries],
        gallery_pids=gallery['pids'],
        query_camids=[sample['camid'] for sample in queries],
        gallery_camids=gallery['camids'],
        k=len(gallery['pids']),
        hidden=hidden,
    )
    return [row[row >= 0] for row in order.numpy()]


def compare(
    queries: Sequence[dict],
    gallery: Sequence[dict],
    sets: Sequence[tuple[int, ...]],
    topk: Sequence[int],
    hidden: str = 'skip',
) -> dict[tuple[int, ...], Comparison]:
    """Evaluate slowly under each set of embeddings, and compare with ``rank_gallery``."""
    query_side, gallery_side = make_side(queries), make_side(gallery)
    gallery_pids = np.array(gallery_side.pids)
    own_gallery = dict(
        embeddings=torch.stack([sample['embeddings'] for sample in gallery]).float(),
        visibility=torch.stack([sample['visibility'] for sample in gallery]),
        pids=gallery_side.pids,
        camids=gallery_side.camids,
    )
    all_positions: dict[tuple, list[list[int]]] = {columns: [] for columns in sets}
    ap_differences: dict[tuple, list[float]] = {columns: [] for columns in sets}
    steps_back: dict[tuple, list[float]] = {columns: [] for columns in sets}
    for start in track_iter_progress(list(range(0, len(queries), BLOCK)), file=sys.stderr):
        block = queries[start : start + BLOCK]
        orders = {columns: own_orders(block, own_gallery, columns, hidden) for columns in sets}
        for i in range(start, start + len(block)):
            results = slow_positions(query_side, gallery_side, sets, i, hidden)
            for columns, (distances, positions) in results.items():
                order = orders[columns][i - start]
                right = gallery_pids[order] == query_side.pids[i]
                own = (np.flatnonzero(right) + 1).tolist()
                if own and positions:
                    difference = abs(average_precision(own) - average_precision(positions))
                else:
                    difference = 0.0 if len(own) == len(positions) else 1.0
                all_positions[columns].append(positions)
                ap_differences[columns].append(difference)
                steps_back[columns].append(step_back(distances[order]))
    print(file=sys.stderr)
    return {
        columns: Comparison(
            figures_in_percent(all_positions[columns], topk),
            sum(bool(positions) for positions in all_positions[columns]),
            sum(difference > SAME_AP for difference in ap_differences[columns]),
            max(ap_differences[columns]),
            max(steps_back[columns]),
        )
        for columns in sets
    }


def extract(args: argparse.Namespace) -> tuple[list[dict], ReIDMetric]:
    """Samples of the config's test set with the model's predictions, and the config's metric."""
    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    for pictures in ('ranking', 'parsing'):
        cfg.get('default_hooks', {}).pop(pictures, None)
    # MMEngine's own loop: that of the config may test further sets.
    if args.set:
        sets = cfg.test_cfg.get('sets') or {}
        if args.set not in sets:
            raise ValueError(f'{args.config}: test_cfg.sets has {[*sets]}, not {args.set!r}')
        cfg.test_dataloader = sets[args.set]
    cfg.test_cfg = dict(fp16=cfg.test_cfg.get('fp16', False))
    runner = Runner.from_cfg(cfg)
    evaluator = runner.test_loop.evaluator
    metric = next((metric for metric in evaluator.metrics if isinstance(metric, ReIDMetric)), None)
    if metric is None:
        raise ValueError(f'{args.config} has no ReIDMetric in test_evaluator')
    metric.table = True
    metric.num_rank_lists = 0
    recorder = Recorder()
    evaluator.metrics = [recorder]
    runner.test()
    return recorder.samples, metric


def own_figures(metric: ReIDMetric, samples: list[dict]) -> dict[str, float]:
    """What ``ReIDMetric`` reports of the samples, without its prefix."""
    metric.process(None, samples)
    figures = metric.evaluate(len(samples))
    return {name.removeprefix(f'{metric.prefix}/'): value for name, value in figures.items()}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--set', help='a further set of a MultiSetTestLoop, instead of the main one'
    )
    parser.add_argument('--out', type=Path, help='CSV file to write the figures to')
    parser.add_argument(
        '--limit-queries', type=int, help='score that many queries, evenly spaced through all'
    )
    parser.add_argument(
        '--max-difference', type=float, default=1e-4, help='of a figure, in percentage points'
    )
    args = parser.parse_args()
    if args.launcher != 'none':
        parser.error('the check runs in one process: leave --launcher out')
    if args.limit_queries is not None and args.limit_queries < 1:
        parser.error(f'--limit-queries must be at least 1, got {args.limit_queries}')
    return args


def main() -> int:
    """Print the figures of both and return 1 if any differs."""
    args = parse_args()
    keep_freed_memory()
    samples, metric = extract(args)
    queries = [sample for sample in samples if sample['is_query']]
    gallery = [sample for sample in samples if not sample['is_query']]
    if args.limit_queries is not None and args.limit_queries < len(queries):
        chosen = np.linspace(0, len(queries) - 1, args.limit_queries).round().astype(int)
        queries = [queries[i] for i in chosen]

    own = own_figures(metric, queries + gallery)
    rows = table_rows(queries[0]['embedding_names'], metric.embeddings)
    comparisons = compare(queries, gallery, sorted(set(rows.values())), metric.topk, metric.hidden)
    main_row = next(iter(rows))
    slow: dict[str, float] = {}
    for row, columns in rows.items():
        prefix = '' if row == main_row else f'{row}/'
        slow |= {prefix + name: x for name, x in comparisons[columns].figures.items()}

    print(f'{"figure":24}{"own":>14}{"slow":>14}{"difference":>14}')
    lines, wrong = [], []
    for name in own | slow:  # a figure that only one of them has is NaN in the other
        values = own.get(name, np.nan), slow.get(name, np.nan)
        difference = abs(values[0] - values[1])
        lines.append((name, *values, difference))
        print(f'{name:24}{values[0]:14.8f}{values[1]:14.8f}{difference:14.2e}')
        if not difference <= args.max_difference:
            wrong.append(name)
    print(f'\n{"row":24}{"queries":>10}{"other AP":>10}{"largest":>12}{"step back":>12}')
    for row, columns in rows.items():
        _, counted, other, largest, back = comparisons[columns]
        print(f'{row:24}{counted:10}{other:10}{largest:12.2e}{back:12.2e}')
    if args.out:
        columns = ('figure', 'own', 'slow', 'difference')
        rows = [dict(zip(columns, line, strict=True)) for line in lines]
        write_atomically(args.out, csv_text(rows, columns, digits=None))
    print(f'\n{len(wrong)} of {len(lines)} figures differ by more than {args.max_difference:g}')
    return int(bool(wrong))


if __name__ == '__main__':
    sys.exit(main())
