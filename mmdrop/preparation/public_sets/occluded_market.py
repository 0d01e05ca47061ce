"""Occluded-Market from Market-1501, MARS and the published name lists."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mmdrop.datasets.layouts import LAYOUTS

_WHERE = (
    'the lists are in the folder Occluded_Market of the repository '
    'LiuDHS/Occluded-Market-Dataset; clone it and pass that folder as `lists`'
)
_MARKET = re.compile(r'[0-9]{4}_c[0-9]s[0-9]_[0-9]{6}_[0-9]{2}\.jpg(\.jpg)?')
# Identity, camera, tracklet and frame.  Behind an asterisk stands what MARS calls an image of
# which the list corrects the identity.
_MARS = re.compile(
    r'([0-9]{4}_c[0-9]s[0-9]{4}_[0-9]{3}\.jpg)'
    r'(?:\*([0-9]{4}_c[0-9]s[0-9]{4}_[0-9]{3}\.jpg))?'
)


class Listed(NamedTuple):
    """An image of the published lists.

    Attributes:
        name: Its file name in Occluded-Market.
        places: Where Market-1501 or MARS may have it, below their folder.
        in_mars: Whether it is from MARS.
    """

    name: str
    places: tuple[str, ...]
    in_mars: bool


class _List(NamedTuple):
    file: str
    subset: str
    folder: str  # of Market-1501; empty for MARS


_LISTS = (
    _List('train_market.list', 'train', 'bounding_box_train'),
    _List('train_mars.list', 'train', ''),
    _List('query_market.list', 'query', 'query'),
    _List('query_mars.list', 'query', ''),
    _List('test.list', 'gallery', 'bounding_box_test'),
)


def read_lists(folder: Path) -> dict[str, list[Listed]]:
    """Images of each subset, as the five published lists give them.

    Raises:
        FileNotFoundError: A list is missing.
        ValueError: A line is no file name of its set, or occurs twice.
    """
    listed: dict[str, list[Listed]] = {'train': [], 'query': [], 'gallery': []}
    for file, subset, source in _LISTS:
        path = folder / file
        if not path.is_file():
            raise FileNotFoundError(f'{path} does not exist: {_WHERE}')
        for line in path.read_text(encoding='utf-8-sig').split():
            listed[subset].append(_parse_line(line, source, path))
        names = [image.name for image in listed[subset]]
        if len(set(names)) < len(names):
            raise ValueError(f'{path}: a name occurs twice')
    return listed


def _parse_line(line: str, source: str, path: Path) -> Listed:
    match = (_MARKET if source else _MARS).fullmatch(line)
    if match is None:
        raise ValueError(
            f'{path}: {line!r} is not a file name of {"Market-1501" if source else "MARS"}'
        )
    if source:
        return Listed(line, (f'{source}/{line}',), in_mars=False)
    name, corrected = match.groups()
    pid, camera, tracklet, frame = re.findall('[0-9]+', corrected or name)
    original = f'{pid}/{pid}C{camera}T{tracklet}F{frame}.jpg'
    return Listed(name, (f'bbox_train/{original}', f'bbox_test/{original}'), in_mars=True)


def plan_copies(
    listed: dict[str, list[Listed]],
    in_market: Callable[[str], bool],
    in_mars: Callable[[str], bool],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """What to copy from Market-1501 and from MARS, and what is missing.

    Args:
        listed: From :func:`read_lists`.
        in_market: Whether Market-1501 has ``folder/name``.
        in_mars: Whether MARS has ``folder/identity/name``.

    Returns:
        Pairs of source and target for either set, and where missing images were looked for.
    """
    market: list[tuple[str, str]] = []
    mars: list[tuple[str, str]] = []
    missing = []
    for subset, images in listed.items():
        (folder,) = LAYOUTS['occluded_market'].folders[subset]
        for image in images:
            exists, copies = (in_mars, mars) if image.in_mars else (in_market, market)
            source = next((place for place in image.places if exists(place)), None)
            if source is None:
                missing.append(('MARS/' if image.in_mars else 'Market-1501/') + image.places[0])
            else:
                copies.append((source, f'{folder}/{image.name}'))
    return market, mars, missing


def list_names(listed: Mapping[str, Sequence[Listed]]) -> dict[str, list[str]]:
    """File names of each subset."""
    return {subset: [image.name for image in images] for subset, images in listed.items()}
