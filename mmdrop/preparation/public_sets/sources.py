"""Where files are copied from: a folder or a zip archive; and copying that never overwrites."""

import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Protocol

from rich.console import Console
from rich.progress import track

from mmdrop.utils import is_hidden


class Source(Protocol):
    """Files by their names."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""

    def read(self, name: str) -> bytes:
        """Content of a file."""


class FolderSource:
    """Files below a folder.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path):
        self.root = root

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.root / name).is_file()

    def read(self, name: str) -> bytes:
        """Content of a file."""
        return (self.root / name).read_bytes()


class ZipSource:
    """Files of a zip archive, below the folder that holds ``marker``; hidden ones are left out.

    Names may be written with backslashes, as some programs on Windows do.

    Args:
        path: The archive.
        marker: A folder that tells where the set begins, such as ``bounding_box_train``.

    Raises:
        ValueError: It is no zip file, or has no such folder.
    """

    def __init__(self, path: Path, marker: str):
        try:
            self.archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise ValueError(f'{path} is not a zip file that can be read ({error})') from error
        self.path = path
        pattern = re.compile(rf'((?:.*/)?){re.escape(marker)}/')
        members = {info.filename.replace('\\', '/'): info for info in self.archive.infolist()}
        found = (pattern.match(name) for name in members if not _is_hidden_below(name))
        first = next((match for match in found if match), None)
        if first is None:
            raise ValueError(f'{path} has no folder {marker}/: it is not an archive of this set')
        self._members = {
            name.removeprefix(first[1]): info
            for name, info in members.items()
            if name.startswith(first[1]) and not name.endswith('/')
        }
        self.names = [name for name in self._members if not _is_hidden_below(name)]

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._members

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises:
            ValueError: The archive is damaged, or encrypted.
        """
        try:
            return self.archive.read(self._members[name])
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise ValueError(f'{self.path}: {name} cannot be unpacked ({error})') from error


def _is_hidden_below(name: str) -> bool:
    return any(is_hidden(part) for part in name.split('/') if part not in ('.', '..'))


def copy_files(
    source: Source, root: Path, copies: Sequence[tuple[str, str]], quiet: bool
) -> list[str]:
    """Copy files below ``root``, under a progress bar, and leave what is there as it is.

    A file appears under its name when it is complete, so a killed run can be started again.

    Args:
        source: Where the files are.
        root: Folder to copy to; made if it does not exist.
        copies: Pairs of names in the source and below ``root``.
        quiet: Show no bar.

    Returns:
        Names that exist below ``root`` with other content than in the source.

    Raises:
        ValueError: A name leads out of ``root``.
    """
    different = []
    console = Console(stderr=True, quiet=quiet)
    for name, target_name in track(copies, 'copying', console=console, transient=True):
        parts = PurePosixPath(target_name).parts
        absolute = PurePosixPath(target_name).is_absolute() or PureWindowsPath(target_name).anchor
        if absolute or '..' in PureWindowsPath(target_name).parts:
            raise ValueError(f'{target_name!r} leads out of {root}: it is not copied')
        target = root.joinpath(*parts)
        content = source.read(name)
        if target.exists():
            if target.read_bytes() != content:
                different.append(target_name)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f'.{target.name}.part')
        part.write_bytes(content)
        part.rename(target)
    return different
