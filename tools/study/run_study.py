"""Train recipes with several seeds each, test them, and keep a CSV file and a figure of it all.

A second start goes on where the first one stopped. Options may stand in a file, with comments::

    python tools/study/run_study.py configs/drop_demo.py configs/global_demo.py --seeds 0 1 2
    python tools/study/run_study.py @study.txt --out work_dirs/study --report-only
"""

import argparse
import math
import shlex
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from study_figure import draw
from study_process import BusyError, RunError, end_well
from study_report import make_rows, mixtures, table, values, write_csv
from study_training import Run, digest, read_result

from mmdrop.engine import USER_ERRORS
from mmdrop.utils import plain_table

TOOLS = Path(__file__).resolve().parents[1]


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], fromfile_prefix_chars='@')
    parser.convert_arg_line_to_args = lambda line: shlex.split(line, comments=True)  # type: ignore
    parser.add_argument('recipes', nargs='*', type=Path, help='config files, or @FILE')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--seeded',
        nargs='+',
        default=[],
        metavar='KEY',
        help='config keys that take the seed too, such as train_dataloader.dataset.draw',
    )
    parser.add_argument('--out', type=Path, default=Path('work_dirs/study'))
    parser.add_argument('--csv', type=Path, help='OUT/study.csv if left out')
    parser.add_argument('--figure', type=Path, help='OUT/study.png if left out')
    parser.add_argument('--main-set', default='clean', help='name of the set without a name')
    parser.add_argument('--threads', type=int, help='threads of a run')
    parser.add_argument(
        '--parsing', action='store_true', help='score parsing as well, of recipes that parse'
    )
    parser.add_argument('--report-only', action='store_true', help='report what is done, run none')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',  # those of a file and those behind it
        default=[],
        help='key=value, of every run',
    )
    parser.add_argument(
        '--train-args', nargs=argparse.REMAINDER, default=[], help='of tools/train.py; must be last'
    )
    args = parser.parse_args(arguments)
    if len({recipe.stem for recipe in args.recipes}) < len(args.recipes):
        parser.error('two recipes have one file name, which names the folder of their runs')
    if not args.recipes and not args.report_only:
        parser.error('no recipe is named')
    return args


def report(args: argparse.Namespace) -> list[dict]:
    """Write CSV file and figure of every result in the study's folder, and return the lines."""
    order = {recipe.stem: i for i, recipe in enumerate(args.recipes)}
    results = [read_result(path) for path in args.out.glob('*/seed*/result.json')]
    for result in results:
        result['test'] = digest(result['test_settings'], result.get('seeded', ()))
    results.sort(key=lambda x: (order.get(x['recipe'], len(order)), x['recipe'], x['seed']))
    rows = make_rows(results, args.main_set)
    if rows:
        write_csv(rows, args.csv or args.out / 'study.csv')
        draw(rows, args.figure or args.out / 'study.png')
    return rows


def seconds_left(runs: Sequence[Run], results: Sequence[dict]) -> float | None:
    """Expected time of the runs without a result, none if no run has one."""
    spent: dict[str, list[float]] = {}
    for result in results:
        seconds = result['train_seconds'] + result['test_seconds']
        spent.setdefault(result['recipe'], []).append(seconds)
    if not spent:
        return None
    every = [seconds for times in spent.values() for seconds in times]
    waiting = [run for run in runs if not run.is_done(run.kept_result())]
    return sum(statistics.fmean(spent.get(run.recipe.stem, every)) for run in waiting)


def describe(run: Run, result: dict, main_set: str) -> str:
    """Say in a few words what a run reached."""
    rows = make_rows([result], main_set)
    scores = [values(rows, run.recipe.stem, main_set, name) for name in ('Rank-1', 'mAP')]
    words = [f'{name} {x[0]:.1f}' for name, x in zip(('Rank-1', 'mAP'), scores, strict=True) if x]
    return f'{" ".join(words)} ({result["train_seconds"]:.0f} s)'


def study(args: argparse.Namespace) -> int:
    """Run what is not done yet and return the exit status."""
    recipes = [] if args.report_only else args.recipes
    runs = []
    for recipe in recipes:  # one that cannot be read is told now and not hours later
        try:
            runs += [Run(recipe, seed, args) for seed in args.seeds]
        except USER_ERRORS as error:
            print(f'error: {recipe}: {type(error).__name__}: {error}')
            return 1
    results: list[dict] = []
    failed: list[str] = []
    busy: list[Run] = []
    waiting = list(enumerate(runs, 1))
    while waiting:
        number, run = waiting.pop(0)
        print(f'[{number}/{len(runs)}] {run.name}: ', end='', flush=True)
        try:
            results.append(run.result())
        except BusyError as error:
            print(f'{error}', flush=True)
            if run not in busy:  # look once more when all others are done
                busy.append(run)
                waiting.append((number, run))
            else:
                failed.append(f'{run.name} (under way elsewhere)')
            continue
        except (RunError, OSError, ValueError) as error:
            failed.append(run.name)
            print(f'FAILED, {error}', flush=True)
            continue
        left = seconds_left([run for _, run in waiting], results)
        eta = f', about {math.ceil(left / 60)} min left' if left else ''
        print(f'{describe(run, results[-1], args.main_set)}{eta}', flush=True)
        report(args)
    rows = report(args)
    print(plain_table(table(rows)) if rows else f'no result in {args.out}')
    for line in mixtures(rows):
        print(line)
    if failed:
        print(f'{len(failed)} of {len(runs)} runs are not done: {", ".join(failed)}')
    return 1 if failed else 0


def main(
    arguments: Sequence[str] | None = None,
    train: Path = TOOLS / 'train.py',
    test: Path = TOOLS / 'test.py',
) -> int:
    """Run a study.

    Args:
        arguments: Those of the command line if left out.
        train: Script that trains.
        test: Script that tests.

    Returns:
        Exit status, not 0 if a run failed.
    """
    args = parse_args(arguments)
    args.train, args.test = train, test
    return end_well(study, args)


if __name__ == '__main__':
    sys.exit(main())
