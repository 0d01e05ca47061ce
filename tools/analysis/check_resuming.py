"""Kill a training at random moments, resume it, and compare its end with that of a whole run.

``python tools/analysis/check_resuming.py CONFIG --kills 10``. Each killed run is resumed until it
ends; a resumed run may be killed again. Weights, optimiser and scores must be the same bit for bit.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from mmdrop.engine import list_checkpoints

TRAIN = Path(__file__).parents[1] / 'train.py'


def command(args: argparse.Namespace, work_dir: Path) -> list[str]:
    """Command line of a training that goes on from whatever is in its work dir."""
    options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    line = [sys.executable, str(TRAIN), args.config, '--work-dir', str(work_dir), '--resume']
    return line + options


def train(args: argparse.Namespace, work_dir: Path, kill_after: float | None = None) -> bool:
    """Run a training, kill it after some seconds, and return whether it came to its end.

    Raises:
        RuntimeError: It failed by itself.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    with open(work_dir / 'output.txt', 'a') as output:
        child = subprocess.Popen(
            command(args, work_dir), stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = child.wait(timeout=kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # the loaders' workers too
            child.wait()
            return False
    if code:
        raise RuntimeError(f'the training failed, see {work_dir / "output.txt"}')
    return True


def end_state(work_dir: Path) -> dict:
    """What has to be the same: all of the last checkpoint but times, paths and names."""
    checkpoint = torch.load(list_checkpoints(work_dir)[0], map_location='cpu', weights_only=True)
    scalars = checkpoint['message_hub']['log_scalars']
    return dict(
        epoch=checkpoint['meta']['epoch'],
        state_dict=checkpoint['state_dict'],
        optimizer=checkpoint['optimizer'],
        history={
            name: scalar['history']
            for name, scalar in scalars.items()
            if name.endswith('loss') or '/reid/' in name
        },
        files=sorted(path.name for path in work_dir.glob('*.pth')),
    )


def difference(mine: object, theirs: object, name: str = '') -> str | None:
    """Name of the first entry in which two states differ."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        if mine.keys() != theirs.keys():
            return f'{name}: {sorted(map(str, mine.keys() ^ theirs.keys()))}'
        pairs = [(key, mine[key], theirs[key]) for key in mine]
    elif isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        if len(mine) != len(theirs):
            return name
        pairs = [(i, *pair) for i, pair in enumerate(zip(mine, theirs, strict=True))]
    elif isinstance(mine, torch.Tensor) and isinstance(theirs, torch.Tensor):
        return None if torch.equal(mine, theirs) else name
    else:
        return None if mine == theirs else name
    return next(filter(None, (difference(a, b, f'{name}.{key}') for key, a, b in pairs)), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='recipe of a short training')
    parser.add_argument('--kills', type=int, default=10, help='runs that are killed')
    parser.add_argument('--seed', type=int, default=0, help='seed of the moments')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/check_resuming'))
    parser.add_argument('--cfg-options', nargs='+', default=[], help='as in tools/train.py')
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    begin = time.monotonic()
    train(args, args.out / 'whole')
    seconds, expected = time.monotonic() - begin, end_state(args.out / 'whole')
    print(f'a whole run takes {seconds:.1f} s')
    moments, wrong = random.Random(args.seed), 0
    for number in range(args.kills):
        folder, kills = args.out / f'killed_{number}', []
        while True:
            # Not before a third: imports alone take a while.
            after = moments.uniform(0.3, 1) * seconds if len(kills) < 2 else None
            if train(args, folder, after):
                break
            kills.append(f'{after:.1f}')
        found = difference(end_state(folder), expected)
        wrong += found is not None
        print(f'killed after {", ".join(kills) or "no"} s: {found or "same end"}')
    if wrong:
        sys.exit(f'{wrong} of {args.kills} runs end elsewhere')


if __name__ == '__main__':
    main()
