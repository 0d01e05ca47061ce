"""Checkpoints of a folder: written whole or not at all, listed, and read.

Importing this module makes MMEngine write local checkpoints so, whichever hook asks for it.
"""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmengine.runner
import mmengine.runner.checkpoint
import mmengine.runner.runner
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmdrop.utils import whole_file, write_atomically

TEMPLATES = ('epoch_{}.pth', 'iter_{}.pth')
_MARKER = 'last_checkpoint'
_save_elsewhere = mmengine.runner.checkpoint.save_checkpoint


def save_checkpoint(
    checkpoint: Mapping[str, Any],
    filename: str,
    file_client_args: dict | None = None,
    backend_args: dict | None = None,
) -> None:
    """Write a checkpoint such that the file is the former or the new one at every moment.

    Takes the place of MMEngine's function, which still serves remote files.

    Raises:
        OSError: The file cannot be written, for example because the disk is full.
    """
    if file_client_args or backend_args or '://' in str(filename):
        _save_elsewhere(checkpoint, filename, file_client_args, backend_args)
        return
    try:
        with whole_file(Path(filename), durable=True) as file:
            torch.save(checkpoint, file)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f'cannot write {filename}: {error}; older checkpoints are intact, so make room and '
            'go on with --resume'
        ) from error


for _module in (mmengine.runner, mmengine.runner.checkpoint, mmengine.runner.runner):
    _module.save_checkpoint = save_checkpoint  # each imported it by name


def mark_last(work_dir: str | Path, name: str) -> None:
    """Note the name of the last checkpoint, once that is on the disk."""
    write_atomically(Path(work_dir, _MARKER), name, durable=True)


def marked_checkpoint(work_dir: str | Path) -> str:
    """What the marker of a work dir says, empty if there is none."""
    marker = Path(work_dir, _MARKER)
    return marker.read_text(errors='replace').strip('\0 \n') if marker.is_file() else ''


def list_checkpoints(
    work_dir: str | Path, folder: str | Path | None = None, templates: tuple[str, ...] = TEMPLATES
) -> list[Path]:
    """Checkpoints that a training can go on from: the marked one, then by falling number.

    By name alone, so a folder can be moved or copied; nothing is read but the marker.

    Args:
        work_dir: Where the marker is.
        folder: Where the checkpoints are, the work dir if None.
        templates: Their names, with ``{}`` for the number.
    """
    folder = Path(folder or work_dir)
    found = []
    for template in templates:
        pattern = re.compile(re.escape(template).replace(r'\{\}', r'(\d+)'))
        matches = [(pattern.fullmatch(path.name), path) for path in folder.glob('*')]
        found += [(int(match[1]), path) for match, path in matches if match and path.is_file()]
    paths = [path for _, path in sorted(found, reverse=True)]
    name = Path(marked_checkpoint(work_dir)).name
    marked = folder / name
    if name and marked.is_file():
        paths = [marked, *(path for path in paths if path != marked)]
    return paths


def read_training_state(path: Path) -> dict:
    """Read a local checkpoint as a resumed run will, and check that it is whole.

    Raises:
        EOFError: The file is cut or damaged.
        ValueError: It is whole, but no training can go on from it.
    """
    try:
        checkpoint = CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')
    except Exception as error:
        cut = 'PytorchStreamReader' in str(error) or not zipfile.is_zipfile(path)
        if not isinstance(error, PermissionError) and (cut or _damaged_entry(path)):
            raise EOFError('the file is cut or damaged') from error
        raise ValueError(f'it cannot be read ({_first_line(error)})') from error
    if zipfile.is_zipfile(path) and (entry := _damaged_entry(path)):
        raise EOFError(f'its entry {entry} is damaged')
    if not isinstance(checkpoint, dict) or {'meta', 'state_dict', 'message_hub'} - set(checkpoint):
        raise ValueError('it holds weights, but not the state of a training')
    for name, tensor in checkpoint['state_dict'].items():
        if torch.is_floating_point(tensor) and tensor.isnan().any():
            raise ValueError(f'its {name} holds NaN')
    return checkpoint


def _damaged_entry(path: Path) -> str | None:
    # torch.load does not compare the checksums that torch.save writes.
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip()
    except Exception as error:  # a damaged header can raise nearly anything
        return _first_line(error)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
