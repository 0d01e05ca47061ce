"""Reading a checkpoint runs no code, wherever it comes from and whatever the environment says.

Importing this module makes MMEngine's ``CheckpointLoader``, through which a Runner and pretrained
weights read every file, URL and package, read by :func:`read_checkpoint`.
"""

import os
import pickle
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mmengine.runner.checkpoint
import torch
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils.dl_utils import load_url

from mmdrop.engine.loading.stand_ins import STAND_INS, to_real

_torch_load = torch.load
# What PyTorch and the stand-ins raise where the content of a file is not what it should be.
_OF_DAMAGED_FILES = (
    *(AttributeError, EOFError, IndexError, KeyError, RuntimeError),
    *(struct.error, TypeError, ValueError),
)
_load_checkpoint = CheckpointLoader.load_checkpoint.__func__


class UnsafeCheckpointError(ValueError, pickle.UnpicklingError):
    """A file was not read, because reading it could run code."""


def read_checkpoint(
    file: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    **unused: Any,
) -> Any:
    """Read tensors and plain values, and the log history that MMEngine pickles; run no code.

    Args:
        file: File, as for :func:`torch.load`, whose signature this is.
        map_location: As in :func:`torch.load`.
        pickle_module: Ignored.
        weights_only: Ignored; what a caller or the environment asks for cannot switch it off.
        mmap: As in :func:`torch.load`.
        unused: Ignored.

    Raises:
        UnsafeCheckpointError: The file holds something else, or is no checkpoint.
        ValueError: The file is cut, damaged, or of a kind that cannot be read without running code.
    """
    name = os.fspath(file) if isinstance(file, str | os.PathLike) else 'the checkpoint'
    try:
        with _knowing_stand_ins():
            content = _torch_load(file, map_location=map_location, weights_only=True, mmap=mmap)
        return to_real(content)
    except pickle.UnpicklingError as error:
        known = re.search(r'GLOBAL (\S+) was not an allowed', str(error))
        what = (
            f'it holds {known[1]}, which is' if known else 'it is no checkpoint, or holds what is'
        )
        raise UnsafeCheckpointError(
            f'{name} was not read: {what} neither a tensor nor a plain value, and reading it '
            'could run code. Where you trust it, save its state_dict alone, which can be read'
        ) from error
    except _OF_DAMAGED_FILES as error:
        # The first sentence; PyTorch's next ones advise to read with weights_only=False.
        reason = str(error).splitlines()[0].split('. ')[0] if str(error) else 'it is empty or cut'
        raise ValueError(f'{name} cannot be read as a checkpoint: {reason}') from error


@contextmanager
def _knowing_stand_ins() -> Iterator[None]:
    """Let PyTorch's safe reader find the stand-ins, and never what they stand for.

    What the caller of torch has declared safe otherwise stays so. MMEngine's maintained fork
    declares ``getattr`` while it reads.
    """
    declared = torch.serialization.get_safe_globals()
    others = [item for item in declared if _full_name(item) not in STAND_INS]
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(others + [(f, name) for name, f in STAND_INS.items()])
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(declared)


def _full_name(item: Any) -> str:
    return item[1] if isinstance(item, tuple) else f'{item.__module__}.{item.__qualname__}'


@contextmanager
def reading_no_code() -> Iterator[None]:
    """Let every ``torch.load`` of this block be :func:`read_checkpoint`, whoever calls it."""
    before = torch.load
    torch.load = read_checkpoint
    try:
        yield
    finally:
        torch.load = before


def forbid_code() -> None:
    """Ask PyTorch to read weights alone in this process and its workers, whoever reads."""
    os.environ.pop('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', None)
    os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'


def _load_safely(
    cls: type[CheckpointLoader], filename: str, map_location: Any = None, logger: Any = 'current'
) -> Any:
    # Every scheme has a reader of its own, and other packages may add further ones.
    with reading_no_code():
        checkpoint = _load_checkpoint(cls, os.fspath(filename), map_location, logger)
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)  # Runner.resume would execute it
    return checkpoint


def _load_url_safely(*args: Any, **kwargs: Any) -> Any:
    with reading_no_code():
        return load_url(*args, **kwargs)


CheckpointLoader.load_checkpoint = classmethod(_load_safely)
mmengine.runner.checkpoint.load_url = _load_url_safely
if hasattr(mmengine.runner.checkpoint, '_safe_torch_load'):  # the fork, which falls back to unsafe
    mmengine.runner.checkpoint._safe_torch_load = read_checkpoint
