"""Test several models on several sets, and keep a CSV file, a Markdown table and a heat map.

A model is a name, a config, and a checkpoint or the folder of a run.  A set is what
``tools/test.py --on`` takes: a name of ``configs/_base_/datasets/test_sets.py``, NAME=FOLDER for
such a set that lies elsewhere, or NAME=CONFIG.py for the test set of a config.  What has been
tested is not tested again, unless model, checkpoint or test differ::

    python tools/study/transfer_matrix.py --out work_dirs/matrix \
        --model demo configs/drop_demo.py work_dirs/drop_demo \
        --model global configs/global_demo.py work_dirs/global_demo \
        --sets demo=configs/drop_demo.py market1501
"""

import argparse
import datetime
import hashlib
import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matrix_report import FIGURES, draw_matrix, to_cells, to_csv, to_markdown
from model_cost import measure_cost
from study_process import (
    RunError,
    call,
    end_well,
    hold,
    last_checkpoint,
    provenance,
    read_json,
)
from study_report import split_metric_name

from mmdrop.engine import USER_ERRORS, is_trained_on, read_config, replace_test_sets
from mmdrop.utils import plain_table, write_atomically

TEST = Path(__file__).resolve().parents[1] / 'test.py'


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], fromfile_prefix_chars='@')
    parser.convert_arg_line_to_args = lambda line: shlex.split(line, comments=True)  # type: ignore
    parser.add_argument(
        '--model',
        nargs=3,
        action='append',
        required=True,
        dest='models',
        metavar=('NAME', 'CONFIG', 'CHECKPOINT'),
        help='a row of the matrix; several times',
    )
    parser.add_argument(
        '--sets', nargs='+', required=True, metavar='SET', help='columns: NAME, or NAME=…'
    )
    parser.add_argument('--out', type=Path, default=Path('work_dirs/matrix'))
    parser.add_argument('--figures', nargs='+', default=['Rank-1', 'mAP'], choices=FIGURES)
    parser.add_argument('--batch-size', type=int, default=32, help='of the images/s')
    parser.add_argument('--repeats', type=int, default=10, help='the median time is reported')
    parser.add_argument('--threads', type=int, help='threads of PyTorch')
    parser.add_argument('--report-only', action='store_true', help='report what is done, test none')
    args = parser.parse_args(arguments)
    args.set_names = [text.partition('=')[0] for text in args.sets]
    for what, found in (('model', [name for name, *_ in args.models]), ('set', args.set_names)):
        wrong = [name for name in found if found.count(name) > 1 or not name or '/' in name]
        if wrong:
            parser.error(f'each {what} needs a name of its own without a slash, got {wrong[0]!r}')
    return args


class Model:
    """A row of the matrix."""

    def __init__(self, name: str, config: str, checkpoint: str, args: argparse.Namespace):
        self.name, self.config, self.args = name, config, args
        self.folder = (args.out / name).resolve()
        path = Path(checkpoint)
        found = last_checkpoint(path) if path.is_dir() else path
        if found is None or not found.is_file():
            raise FileNotFoundError(f'{checkpoint} is no checkpoint, and no folder that holds one')
        self.checkpoint = found
        cfg = read_config(config)
        # The name of a checkpoint says little: a longer training overwrites it.
        digest = hashlib.sha256(found.read_bytes()).hexdigest()
        self.settings = {'model': plain(cfg.model), 'checkpoint': digest}
        self.cells = [Cell(self, text) for text in args.sets]

    def cost(self) -> dict[str, Any]:
        """Measured once, and again where model or way of measuring differ."""
        args = self.args
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        facts = provenance(args.threads)
        way = {key: getattr(args, key) for key in ('batch_size', 'repeats')}
        settings = {'model': self.settings['model'], **way, 'hardware': facts['hardware']}
        path = self.folder / 'cost.json'
        kept = read_json(path) if path.exists() else {}
        if kept.get('settings') != settings:
            cost = measure_cost(read_config(self.config), **way, device=device)
            kept = cost | {'settings': settings, 'hardware': facts['hardware']}
            write_atomically(path, json.dumps(kept, indent=1) + '\n')
        return {key: value for key, value in kept.items() if key != 'settings'}


class Cell:
    """A model on a test set."""

    def __init__(self, model: Model, text: str):
        self.model, self.text = model, text
        self.set = text.partition('=')[0]
        self.folder = model.folder / self.set
        cfg = read_config(model.config)
        replace_test_sets(cfg, [text])
        self.seen = is_trained_on(cfg)
        test = {key: plain(cfg.get(key)) for key in ('test_dataloader', 'test_evaluator')}
        self.settings = model.settings | test

    def kept(self) -> dict[str, Any]:
        """The result of the same test before, empty if there is none."""
        path = self.folder / 'result.json'
        result = read_json(path) if path.exists() else {}
        return result if result.get('settings') == self.settings else {}

    def result(self) -> dict[str, Any]:
        """The kept result, or that of a test now.

        Raises:
            BusyError: Another process tests it.
            RunError: The test failed.
        """
        with hold(self.folder) as lock:
            return self.kept() or self.test(lock)

    def test(self, lock: int) -> dict[str, Any]:
        model, threads = self.model, self.model.args.threads
        shutil.rmtree(self.folder / 'test', ignore_errors=True)
        command = [sys.executable, str(model.args.test), model.config, str(model.checkpoint)]
        command += ['--on', self.text, '--work-dir', str(self.folder / 'test')]
        seconds = call(command, self.folder / 'test.log', lock, threads)
        logs = sorted(self.folder.glob('test/*/*.json'))
        scores = {}
        for key, value in (json.loads(logs[-1].read_text()) if logs else {}).items():
            _, embeddings, figure = split_metric_name(key)
            if figure in FIGURES and not embeddings:
                scores[figure] = value
        if not scores:
            raise RunError(f'the test left no scores in {self.folder / "test"}')
        facts = provenance(threads)
        result = scores | {
            'test_seconds': round(seconds, 1),
            'config': model.config,
            'checkpoint': str(model.checkpoint),
            'date': f'{datetime.datetime.now():%Y-%m-%d %H:%M}',
            **{key: facts[key] for key in ('commit', 'torch')},
            'command': shlex.join(command),
            'settings': self.settings,
        }
        write_atomically(self.folder / 'result.json', json.dumps(result, indent=1) + '\n')
        return result


def plain(value: Any) -> Any:
    """A part of a config as JSON holds it, to compare with what was kept."""
    value = value.to_dict() if hasattr(value, 'to_dict') else value
    return json.loads(json.dumps(value, default=str))


def report(models: Sequence[Model]) -> list[dict[str, Any]]:
    """Write all files from what has been tested, and return the lines of the CSV file."""
    args = models[0].args
    rows = []
    for model in models:
        for cell in model.cells:
            kept = cell.kept()
            if kept:
                place = {'model': model.name, 'set': cell.set, 'seen': cell.seen}
                left_out = ('settings', 'command')
                kept = {key: value for key, value in kept.items() if key not in left_out}
                rows.append(place | kept | model.cost())
    if rows:
        write_atomically(args.out / 'matrix.csv', to_csv(rows))
        write_atomically(args.out / 'matrix.md', to_markdown(rows, args.set_names, args.figures))
        draw_matrix(rows, args.set_names, args.figures, args.out / 'matrix.png')
    return rows


def fill(args: argparse.Namespace) -> int:
    """Test what has not been tested, and return the exit status."""
    models = []
    for name, config, checkpoint in args.models:  # what cannot be read is told before any test
        try:
            models.append(Model(name, config, checkpoint, args))
        except USER_ERRORS as error:
            print(f'error: {name}: {type(error).__name__}: {error}')
            return 1
    cells = [cell for model in models for cell in model.cells]
    failed = []
    for number, cell in enumerate(() if args.report_only else cells, 1):
        name = f'{cell.model.name} on {cell.set}'
        print(f'[{number}/{len(cells)}] {name}: ', end='', flush=True)
        known = bool(cell.kept())
        try:
            result = cell.result()
        except (RunError, OSError, ValueError) as error:
            failed.append(name)
            print(f'FAILED, {error}', flush=True)
            continue
        scores = ' '.join(f'{figure} {result[figure]:.1f}' for figure in args.figures)
        print(f'{scores}{" (known)" if known else ""}', flush=True)
        report(models)
    rows = report(models)
    print(
        plain_table(to_cells(rows, args.set_names, args.figures))
        if rows
        else f'no result in {args.out}'
    )
    if failed:
        print(f'{len(failed)} of {len(cells)} tests are not done: {", ".join(failed)}')
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None, test: Path = TEST) -> int:
    """Fill the matrix.

    Args:
        arguments: Those of the command line if left out.
        test: Script that tests.

    Returns:
        Exit status, not 0 if a test failed.
    """
    args = parse_args(arguments)
    args.test = test
    if args.threads:
        torch.set_num_threads(args.threads)
    return end_well(fill, args)


if __name__ == '__main__':
    sys.exit(main())
