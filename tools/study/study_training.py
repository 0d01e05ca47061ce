"""One run of a study: train a recipe with a seed, test it, and keep the result in its folder."""

import argparse
import datetime
import hashlib
import json
import re
import shlex
import shutil
import statistics
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from study_process import (
    PACKAGES,
    RunError,
    call,
    hold,
    last_checkpoint,
    provenance,
    read_json,
)

from mmdrop.engine import load_config, make_parser
from mmdrop.registry import METRICS
from mmdrop.utils import write_atomically

# What MMEngine's Runner reads of a config to train.
TRAINING = (
    *('model', 'train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'),
    *('val_dataloader', 'val_cfg', 'val_evaluator', 'default_hooks', 'custom_hooks'),
    *('env_cfg', 'randomness', 'auto_scale_lr', 'load_from', 'data_preprocessor'),
    *('model_wrapper_cfg', 'find_unused_parameters', 'sync_bn', 'compile', 'default_scope'),
)
KEPT = (*TRAINING, 'train_args')


class Run:
    """A recipe with a seed, and its folder."""

    def __init__(self, recipe: Path, seed: int, args: argparse.Namespace):
        self.name = f'{recipe.stem} seed {seed}'
        self.recipe, self.seed, self.args = recipe, seed, args
        self.folder = (args.out / recipe.stem / f'seed{seed}').resolve()
        seeded = [f'{key}={seed}' for key in ('randomness.seed', *args.seeded)]
        self.options = ['--cfg-options', *seeded, *args.cfg_options]
        self.cfg = load_config(make_parser('').parse_args([str(recipe), *self.options]))
        whole = json.loads(json.dumps(self.cfg.to_dict(), default=str))
        self.test = {key: value for key, value in whole.items() if key.startswith('test_')}
        self.parsing = args.parsing and bool(self.cfg.get('model', {}).get('parsing_head'))
        if self.parsing:
            self.test['parsing'] = True
        # A changed test is only tested anew, and other names are helpers of the config file.
        kept = {key: whole.get(key) for key in TRAINING}
        self.settings = dict(flatten(kept | {'train_args': args.train_args}))

    def read(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the folder, empty if it is absent."""
        path = self.folder / name
        return read_json(path) if path.exists() else {}

    def kept_result(self) -> dict[str, Any]:
        """Read the result of the folder, empty if it is absent."""
        path = self.folder / 'result.json'
        return read_result(path) if path.exists() else {}

    def write(self, name: str, content: dict) -> None:
        write_atomically(self.folder / name, json.dumps(content, indent=1) + '\n')

    def result(self) -> dict[str, Any]:
        """Train and test what is not done yet, and return the result.

        Raises:
            BusyError: It is under way elsewhere.
            RunError: It failed, or its folder belongs to another recipe.
        """
        with hold(self.folder) as lock:
            self.check_settings()
            result = self.kept_result()
            if not self.is_done(result):
                self.train(lock)
                if result:  # scores of another test are not lost
                    self.write(f'result_{digest(result["test_settings"])}.json', result)
                result = self.evaluate(lock)
                self.write('result.json', result)
        return result

    def is_done(self, result: dict) -> bool:
        """Whether a kept result is of today's test; scores of the parsing may be in it as well."""
        return result.get('test_settings') in (self.test, self.test | {'parsing': True})

    def check_settings(self) -> None:
        before = self.read('settings.json')
        before = {key: value for key, value in before.items() if key.split('.')[0] in KEPT}
        changed = [
            f'{key} from {before.get(key)} to {self.settings.get(key)}'
            for key in sorted(before.keys() | self.settings)
            if before.get(key) != self.settings.get(key)
        ]
        if before and changed:
            raise RunError(
                f'{self.recipe} changed since {self.folder} was begun: {"; ".join(changed[:5])}'
                f'{" …" if len(changed) > 5 else ""}. Undo the change, name another --out, '
                'remove the folder to train anew, or its settings.json to accept the change'
            )
        self.write('settings.json', self.settings)

    def train(self, lock: int) -> None:
        progress = self.read('progress.json') or {'done': False, 'pieces': []}
        if progress['done']:
            return
        command = [sys.executable, str(self.args.train), str(self.recipe)]
        command += ['--work-dir', str(self.folder), *self.args.train_args]
        if last_checkpoint(self.folder):
            command.append('--resume')  # which leaves out a checkpoint that is cut
        else:
            progress['pieces'] = []  # what they did is lost
        piece: dict[str, Any] = provenance(self.args.threads) | {
            'command': shlex.join(command + self.options)
        }
        piece['seconds'] = 0.0
        progress['pieces'].append(piece)

        def keep(seconds: float) -> None:
            piece['seconds'] = seconds
            self.write('progress.json', progress)

        call(command + self.options, self.folder / 'train.log', lock, self.args.threads, keep)
        self.write('progress.json', progress | {'done': True})

    def evaluate(self, lock: int) -> dict[str, Any]:
        checkpoint = last_checkpoint(self.folder)
        if checkpoint is None:
            raise RunError(f'the training left no checkpoint in {self.folder}')
        shutil.rmtree(self.folder / 'test', ignore_errors=True)
        command = [sys.executable, str(self.args.test), str(self.recipe), str(checkpoint)]
        command += ['--table', *(['--parsing'] if self.parsing else [])]
        command += ['--work-dir', str(self.folder / 'test'), *self.options]
        seconds = call(command, self.folder / 'test.log', lock, self.args.threads)
        logs = sorted(self.folder.glob('test/*/*.json'))
        metrics = json.loads(logs[-1].read_text()) if logs else {}
        metrics = {key: value for key, value in metrics.items() if '/' in key}
        if not metrics:
            raise RunError(f'the test left no metrics in {self.folder / "test"}')
        pieces = self.read('progress.json')['pieces']
        together = {
            key: ', '.join(dict.fromkeys(str(piece[key]) for piece in pieces))
            for key in ('commit', 'hardware', 'python', *PACKAGES)
        }
        return together | {
            'recipe': self.recipe.stem,
            'recipe_file': str(self.recipe),
            'seed': self.seed,
            'embeddings': self.embeddings(),
            'metrics': metrics,
            'train_seconds': round(sum(piece['seconds'] for piece in pieces), 1),
            'test_seconds': round(seconds, 1),
            'images_per_second': self.images_per_second(),
            'date': f'{datetime.datetime.now():%Y-%m-%d %H:%M}',
            'cfg_options': self.options[1:],
            'seeded': self.args.seeded,
            'commands': [*(piece['command'] for piece in pieces), shlex.join(command)],
            'test_settings': self.test,
        }

    def embeddings(self) -> str:
        """Name of the evaluator's own row, ``'test'`` if its metrics have none."""
        evaluators = self.cfg.get('test_evaluator') or []
        for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
            names = getattr(METRICS.build(evaluator), 'embeddings', None)
            if names:
                return '+'.join(names)
        return 'test'

    def images_per_second(self) -> float | None:
        """Median over the training log."""
        times = []
        for path in self.folder.glob('*/vis_data/scalars.json'):
            for text in path.read_text().splitlines():
                with suppress(ValueError):  # a kill may have cut a line
                    line = json.loads(text)
                    if 'loss' in line and line.get('time'):
                        times.append(line['time'])
        batch_size = self.cfg.get('train_dataloader', {}).get('batch_size')
        return round(batch_size / statistics.median(times), 2) if batch_size and times else None


def read_result(path: Path) -> dict[str, Any]:
    """Read the result of a run, with the names that test sets have today.

    The proxy made of Market-1501 was called ``occluded`` once, and is called ``pasted``.

    Raises:
        RunError: It is damaged; the message names it.
    """
    result = read_json(path)
    sets = (result['test_settings'].get('test_cfg') or {}).get('sets') or {}
    is_proxy = 'occlusion' in (sets.get('occluded') or {}).get('dataset', {})
    if is_proxy and 'pasted' not in sets:
        sets['pasted'] = sets.pop('occluded')
        result['metrics'] = {
            re.sub('^occluded/', 'pasted/', key): value for key, value in result['metrics'].items()
        }
    return result


def digest(test_settings: dict[str, Any], seeded: Collection[str] = ()) -> str:
    """Short name of a test; whether the parsing is scored as well does not change it.

    Nor do the keys that took the seed.
    """
    settings = {key: value for key, value in test_settings.items() if key != 'parsing'}
    if seeded:
        settings = {key: value for key, value in flatten(settings) if key not in seeded}
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def flatten(node: Any, key: str = '') -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of each leaf of a tree of JSON."""
    children = enumerate(node) if isinstance(node, list) else node.items()
    for name, child in children:
        path = f'{key}.{name}' if key else str(name)
        if isinstance(child, dict | list) and child:
            yield from flatten(child, path)
        else:
            yield path, child
