"""Files that are there, and those of equal content, found without reading the others whole."""

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from mmdrop.datasets.listing.images import Image

_SAMPLE = 1024  # bytes from the middle of a file, where formats have no header


def stat_images(images: Sequence[Image]) -> list[os.stat_result]:
    """Facts about each file.

    Raises:
        FileNotFoundError: Files do not exist.
        ValueError: One is no file, or empty.
    """
    facts, missing = [], []
    for image in images:
        try:
            facts.append(os.stat(image.path))
        except (FileNotFoundError, NotADirectoryError):
            missing.append(image)
            continue
        if not stat.S_ISREG(facts[-1].st_mode):
            raise ValueError(f'{image.place} is not a file')
        if not facts[-1].st_size:
            raise ValueError(f'{image.place} is an empty file; replace it or remove it')
    if missing:
        number = '' if len(missing) == 1 else f', as {len(missing)} of {len(images)} images'
        raise FileNotFoundError(
            f'{missing[0].place} does not exist{number}; restore the file or take it off the list'
        )
    return facts


def group_copies(paths: Sequence[str], facts: Sequence[os.stat_result]) -> list[list[int]]:
    """Places of files that are one file (by links) or have equal content.

    Files of equal size are compared by bytes of their middle, and only those that agree are
    read whole.

    Args:
        paths: The files.
        facts: Of each, from :func:`stat_images`.

    Returns:
        Groups of two or more places; a file may be listed twice.
    """

    def sample(place: int) -> bytes:
        with open(paths[place], 'rb', buffering=0) as file:
            file.seek(max(0, (facts[place].st_size - _SAMPLE) // 2))
            return file.read(_SAMPLE)

    def digest(place: int) -> bytes:
        with open(paths[place], 'rb') as file:
            return hashlib.sha256(file.read()).digest()

    groups = _regroup([range(len(paths))], lambda place: facts[place].st_size)
    files = file_numbers(facts)
    groups = _regroup(groups, sample, files.__getitem__)
    return _regroup(groups, digest, files.__getitem__)


def file_numbers(facts: Sequence[os.stat_result]) -> list[Hashable]:
    """Something that is equal for one file under two paths, where the file system tells."""
    return [(f.st_dev, f.st_ino) if f.st_ino else place for place, f in enumerate(facts)]


def _regroup(
    groups: Iterable[Iterable[int]],
    key: Callable[[int], Hashable],
    same: Callable[[int], Hashable] = lambda place: place,
) -> list[list[int]]:
    """Divide groups by a key, asked once for places that are the same; single ones fall out."""
    found = []
    for group in groups:
        parts = defaultdict(list)
        known: dict[Hashable, Hashable] = {}
        for place in group:
            identity = same(place)
            if identity not in known:
                known[identity] = key(place)
            parts[known[identity]].append(place)
        found += [part for part in parts.values() if len(part) > 1]
    return found
