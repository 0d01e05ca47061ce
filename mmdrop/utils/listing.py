"""The one lister of files: what data sets, label tools and inference see of a folder."""

import errno
import logging
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mmengine.logging import print_log

IMAGE_EXTENSIONS = frozenset({'.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp'})
# Left by systems and viewers among the images, under names that do not begin with a dot.
_SYSTEM_NAMES = {
    *('__macosx', '@eadir', '#recycle', '$recycle.bin', 'system volume information'),
    *('thumbs.db', 'ehthumbs.db', 'desktop.ini', 'lost+found'),
}


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is a system's or an editor's, not the user's."""
    return name.startswith('.') or name.lower() in _SYSTEM_NAMES


def list_files(
    folder: str | os.PathLike, recursive: bool = True, strict: bool = True
) -> list[Path]:
    """Files in and below a folder, sorted; links to files and folders are followed.

    Hidden files and folders are left out, and so are links to a folder that is being listed, or
    to one above it; the log says how many.

    Args:
        folder: Where to look; it may be hidden itself.
        recursive: Look into the folders below too.
        strict: A link to nothing is an error if it may be an image or a folder, else a warning.

    Raises:
        FileNotFoundError: A link leads to nothing.
        OSError: A folder cannot be listed.
    """
    walk = _Walk(recursive)
    walk.visit(os.fspath(folder), (os.path.realpath(folder),))
    if strict:
        for path in walk.broken:
            if Path(path).suffix.lower() in {'', *IMAGE_EXTENSIONS}:
                raise FileNotFoundError(
                    f'{path} is a link to {os.readlink(path)}, which cannot be reached; restore '
                    f'its target or remove the link ({len(walk.broken)} such links in {folder})'
                )
    _log_left_out(str(folder), walk.describe(), bool(walk.broken))
    return [Path(path) for path in walk.files]


def list_image_files(
    folder: str | os.PathLike, recursive: bool = True, strict: bool = True
) -> list[Path]:
    """Those of :func:`list_files` that are images by their extension; others are logged."""
    files = list_files(folder, recursive, strict)
    images = [path for path in files if path.suffix.lower() in IMAGE_EXTENSIONS]
    if len(images) < len(files):
        kept = set(images)
        example = next(path for path in files if path not in kept)
        number = len(files) - len(images)
        text = f'{number} files without the extension of an image, such as {example}'
        _log_left_out(str(folder), text, warn=False)
    return images


@dataclass
class _Walk:
    recursive: bool
    files: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    circular: list[str] = field(default_factory=list)

    def visit(self, folder: str, above: tuple[str, ...]) -> None:
        """List a folder; ``above`` are its real path and those of the folders that led to it."""
        with os.scandir(folder) as entries:
            # Sorted at each level, files and folders mixed: the order of sorted paths.
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            if is_hidden(entry.name):
                self.hidden.append(entry.path)
            elif not _leads_somewhere(entry):
                self.broken.append(entry.path)
            elif entry.is_file():
                self.files.append(entry.path)
            elif self.recursive and entry.is_dir():
                real = os.path.join(above[-1], entry.name)
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    inside = real.rstrip(os.sep) + os.sep
                    if any(f'{path}{os.sep}'.startswith(inside) for path in above):
                        self.circular.append(entry.path)
                        continue
                self.visit(entry.path, (*above, real))

    def describe(self) -> str:
        kinds = (
            (self.hidden, 'hidden files or folders'),
            (self.circular, 'links to a folder that they lie in'),
            (self.broken, 'links to nothing'),
        )
        texts = [f'{len(paths)} {kind}, such as {paths[0]}' for paths, kind in kinds if paths]
        return '; '.join(texts)


def _leads_somewhere(entry: os.DirEntry) -> bool:
    if not entry.is_symlink():
        return True
    try:
        entry.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
            return False
        raise
    return True


@cache  # a folder is listed for training and validation, and told of once
def _log_left_out(folder: str, text: str, warn: bool) -> None:
    if text:
        level = logging.WARNING if warn else logging.INFO
        print_log(f'{folder}: left out {text}', 'current', level=level)
