"""What a run of a study needs of the machine: child processes, versions and hardware."""

import argparse
import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from mmdrop.engine import list_checkpoints
from mmdrop.utils import processor

PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmpretrain', 'mmdrop')


class RunError(RuntimeError):
    """A run of the study failed; the others go on."""


class BusyError(RunError):
    """Another process works on the run."""


@contextmanager
def hold(folder: Path) -> Iterator[int]:
    """Make a folder, and let no other process work in it; gives a descriptor for :func:`call`.

    Raises:
        BusyError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / 'lock', 'w') as lock:
        try:
            # Children hold it as well: it outlives a study that was killed, if they do.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(f'another process works in {folder}') from error
        yield lock.fileno()


def call(
    command: list[str],
    log: Path,
    lock: int,
    threads: int | None,
    tick: Callable[[float], object] = lambda seconds: None,
) -> float:
    """Run a command to its end and return the seconds it took.

    Args:
        command: Program and arguments.
        log: File that its output is appended to.
        lock: File descriptor that the command inherits.
        threads: OpenMP threads, those of the environment if none.
        tick: Called with the seconds so far now and then, and at the end.

    Raises:
        RunError: The command failed; the message holds the end of its log.
    """
    environment = dict(os.environ) | ({'OMP_NUM_THREADS': str(threads)} if threads else {})
    start, code = time.monotonic(), None
    with log.open('a') as file:
        child = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=[lock],
            start_new_session=True,  # a Ctrl-C reaches the study alone, which ends the group
        )
        try:
            while code is None:
                with suppress(subprocess.TimeoutExpired):
                    code = child.wait(timeout=15)
                tick(time.monotonic() - start)
        finally:
            end(child)
            tick(time.monotonic() - start)  # an interrupted command counts as well
    if code:
        lines = log.read_text(errors='replace').splitlines()[-15:]
        tail = '\n'.join(f'    {line}' for line in lines)
        raise RunError(f'exit status {code}, {log} ends with\n{tail}')
    return time.monotonic() - start


def end(child: subprocess.Popen) -> None:
    """End a child that still runs, and its group with it."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def end_well(function: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Exit status of a tool that can be stopped at any time, with a line for what stopped it."""
    # As Ctrl-C does, a kill or a closed terminal unwinds the stack, which ends the child.
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return function(arguments)
    except KeyboardInterrupt:
        print('\nstopped; the same command goes on from here')
        return 128 + signal.SIGINT
    except RunError as error:
        print(f'\n{error}')
        return 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file.

    Raises:
        RunError: It is damaged; the message names it.
    """
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise RunError(f'{path} is damaged, {error}; mend or remove it') from error


def last_checkpoint(folder: Path) -> Path | None:
    """Newest checkpoint of a run: the marked one, or that of the highest number without a mark."""
    return next(iter(list_checkpoints(folder)), None)


def provenance(threads: int | None) -> dict[str, str]:
    """Commit, versions and hardware of a run."""
    if torch.cuda.is_available():
        hardware = torch.cuda.get_device_name()
    else:
        number = threads or os.environ.get('OMP_NUM_THREADS') or torch.get_num_threads()
        hardware = f'{processor()} ({number} threads)'
    packages = {name: version_of(name) for name in PACKAGES}
    return {
        'commit': commit(),
        'hardware': hardware,
        'python': platform.python_version(),
    } | packages


def version_of(package: str) -> str:
    """Installed version of a package, or ``'unknown'``."""
    try:
        return version(package)
    except PackageNotFoundError:
        return 'unknown'


def commit() -> str:
    """Commit of the repository, with ``-dirty`` if tracked files differ, or ``'unknown'``."""
    command = ['git', '-C', str(Path(__file__).parent), 'describe', '--always', '--dirty']
    try:
        done = subprocess.run([*command, '--exclude=*'], capture_output=True, text=True)
    except FileNotFoundError:
        return 'unknown'
    return done.stdout.strip() or 'unknown'
