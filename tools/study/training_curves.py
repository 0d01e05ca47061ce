"""Curves of a study's trainings, such as Fig. 5 of the paper: accuracies by epoch.

Reads the log histories in the last checkpoints of the runs in a study's folder::

    python tools/study/training_curves.py work_dirs/study --recipes coupled decoupled
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib import pyplot
from study_figure import save
from study_process import last_checkpoint
from study_report import names, spread

from mmdrop.utils import csv_text, write_atomically

FIG_5 = ('acc_parsing', 'acc_id_foreground')  # percent of the training batches' pixels and images


def read_history(checkpoint: Path, key: str) -> list[float]:
    """Mean of a logged value in each epoch.

    Raises:
        ValueError: The checkpoint logs no such value, or not from the first epoch on.
    """
    content = torch.load(checkpoint, map_location='cpu', weights_only=True)
    logged = content['message_hub']['log_scalars']
    if f'train/{key}' not in logged:
        raise ValueError(f'{checkpoint} logs no {key}, only {", ".join(logged)}')
    history = logged[f'train/{key}']['history']
    epochs, iterations = content['meta']['epoch'], content['meta']['iter']
    if len(history) != iterations:
        raise ValueError(f'{checkpoint} logs {len(history)} of {iterations} iterations')
    return history.double().view(epochs, -1).mean(1).tolist()


def collect(folder: Path, recipes: Sequence[str], keys: Sequence[str]) -> list[dict]:
    """One line for each recipe, seed and epoch."""
    rows = []
    for recipe in recipes:
        runs = {run: last_checkpoint(run) for run in sorted(folder.glob(f'{recipe}/seed*'))}
        checkpoints = {run: checkpoint for run, checkpoint in runs.items() if checkpoint}
        if not checkpoints:
            raise ValueError(f'{folder} holds no checkpoint of {recipe}')
        for run, checkpoint in checkpoints.items():
            curves = [read_history(checkpoint, key) for key in keys]
            for epoch, means in enumerate(zip(*curves, strict=True), 1):
                place = {'recipe': recipe, 'seed': int(run.name[4:]), 'epoch': epoch}
                rows.append(place | dict(zip(keys, means, strict=True)))
    return rows


def draw(rows: Sequence[dict], keys: Sequence[str], path: Path) -> None:
    """A panel for each value: mean over the seeds, and a band of their standard deviation."""
    figure, panels = pyplot.subplots(
        1, len(keys), squeeze=False, figsize=(4.5 * len(keys), 3.4), layout='constrained'
    )
    for axes, key in zip(panels[0], keys, strict=True):
        for recipe in names(rows, 'recipe'):
            epochs = sorted({row['epoch'] for row in rows if row['recipe'] == recipe})
            numbers = [
                [row[key] for row in rows if (row['recipe'], row['epoch']) == (recipe, epoch)]
                for epoch in epochs
            ]
            means = [statistics.fmean(x) for x in numbers]
            (line,) = axes.plot(epochs, means, marker='o', markersize=3, label=recipe)
            if min(map(len, numbers)) > 1:
                half = [spread(x)[1] for x in numbers]
                low, high = ([m + s * h for m, h in zip(means, half, strict=True)] for s in (-1, 1))
                axes.fill_between(epochs, low, high, color=line.get_color(), alpha=0.2)
        axes.set(title=key, xlabel='epoch', ylabel='percent' if key.startswith('acc_') else None)
        axes.grid(alpha=0.3)
        axes.legend()
    save(figure, path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path, help='--out of run_study.py')
    parser.add_argument('--recipes', nargs='+', required=True)
    parser.add_argument('--keys', nargs='+', default=FIG_5, help='logged values')
    parser.add_argument('--csv', type=Path, help='FOLDER/curves.csv if left out')
    parser.add_argument('--figure', type=Path, help='FOLDER/curves.png if left out')
    args = parser.parse_args(arguments)
    rows = collect(args.folder, args.recipes, args.keys)
    text = csv_text(rows, list(rows[0]), digits=3)
    write_atomically(args.csv or args.folder / 'curves.csv', text)
    draw(rows, args.keys, args.figure or args.folder / 'curves.png')
    for recipe in args.recipes:
        own = [row for row in rows if row['recipe'] == recipe]
        last = [row for row in own if row['epoch'] == max(row['epoch'] for row in own)]
        words = [f'{key} {statistics.fmean(row[key] for row in last):.1f}' for key in args.keys]
        print(f'{recipe}, {len(last)} seeds, last epoch: {", ".join(words)}')


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f'error: {error}')
