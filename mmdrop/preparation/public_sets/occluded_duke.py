"""Occluded-Duke from DukeMTMC-reID and the published name lists."""

import re
from collections.abc import Callable
from pathlib import Path

from mmdrop.datasets.layouts import LAYOUTS

_SUBSETS = ('train', 'query', 'gallery')
_TEST_FOLDER = 'bounding_box_test'
_WHERE = (
    'they are in the folder Occluded_Duke of the repository lightas/Occluded-DukeMTMC-Dataset; '
    'clone it and pass that folder as `lists`'
)


def read_lists(folder: Path) -> dict[str, list[str]]:
    """File names of each subset, as ``train.list``, ``query.list`` and ``gallery.list`` give them.

    Raises:
        FileNotFoundError: A list is missing.
        ValueError: A line is no file name of DukeMTMC-reID, or occurs twice.
    """
    names = {}
    for subset in _SUBSETS:
        path = folder / f'{subset}.list'
        if not path.is_file():
            raise FileNotFoundError(f'{path} does not exist: {_WHERE}')
        names[subset] = path.read_text(encoding='utf-8-sig').split()
        wrong = [n for n in names[subset] if not re.fullmatch(r'[0-9]{4}_c[0-9]_f[0-9]{7}\.jpg', n)]
        if wrong:
            raise ValueError(f'{path}: {wrong[0]!r} is not a file name of DukeMTMC-reID')
        if len(set(names[subset])) < len(names[subset]):
            raise ValueError(f'{path}: a name occurs twice')
    return names


def plan_copies(
    names: dict[str, list[str]], exists: Callable[[str], bool]
) -> tuple[list[tuple[str, str]], list[str]]:
    """What to copy, as pairs of source and target below the two sets, and what is missing.

    A name is taken from the folder of its own subset, or else from the original gallery, where
    most of the occluded queries come from.

    Args:
        names: From :func:`read_lists`.
        exists: Whether DukeMTMC-reID has ``folder/name``.
    """
    copies, missing = [], []
    for subset, subset_names in names.items():
        (folder,) = LAYOUTS['occluded_duke'].folders[subset]
        for name in subset_names:
            places = (f'{folder}/{name}', f'{_TEST_FOLDER}/{name}')
            source = next((place for place in places if exists(place)), None)
            if source is None:
                missing.append(places[0])
            else:
                copies.append((source, places[0]))
    return copies, missing
