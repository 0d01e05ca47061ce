"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, durable: bool = False) -> Iterator[BinaryIO]:
    """Write a file under another name in its folder, which takes its place at the end.

    No reader, and no kill, ever sees half of it. After an error the former file is untouched.

    Args:
        path: The file; its folder is made.
        durable: Wait for the disk, so that a power cut does not lose the file either.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        with open(temporary, 'wb') as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def write_atomically(path: Path, content: str | bytes, durable: bool = False) -> None:
    """Write a file such that no reader, and no kill, ever sees half of it."""
    with whole_file(path, durable) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def remove_unfinished(folder: Path, pattern: str) -> list[Path]:
    """Remove what killed writers of files of that pattern left in a folder, and return it."""
    left = [path for path in sorted(folder.glob(f'.{pattern}.*')) if path.suffix[1:].isdecimal()]
    for path in left:
        path.unlink(missing_ok=True)
    return left


def _sync_folder(folder: Path) -> None:
    # Some systems (network folders, Windows) cannot open or sync a folder.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
