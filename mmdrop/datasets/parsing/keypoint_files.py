"""Reading of key-point files."""

import json
import logging
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from mmengine.logging import print_log

from mmdrop.datasets.parsing.joint_orders import JOINTS, UnclearKeypoints
from mmdrop.datasets.parsing.keypoint_json import (
    ImagePeople,
    read_coco,
    read_image,
    read_results,
)
from mmdrop.datasets.parsing.keypoint_npz import read_npz
from mmdrop.datasets.parsing.keypoint_people import find_person
from mmdrop.datasets.parsing.keypoints import KeypointContent, Keypoints, name_ends
from mmdrop.utils import list_files

# What a damaged or wrong file makes the readers raise.
_DAMAGE = (
    *(KeyError, TypeError, IndexError, ValueError, AttributeError),
    *(EOFError, OSError, BadZipFile, zlib.error),
)


def load_keypoints(path: Path) -> Keypoints:
    """Read a COCO ``.json``, an ``.npz`` file, or a folder with one ``.json`` an image.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, not in the documented form, or has a field that cannot be
            followed, which the message names.
    """
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist; set `ann_file` to the key-point file')
    read = _read_folder if path.is_dir() else read_npz if path.suffix == '.npz' else _read_json
    try:
        names, stems, points, sizes, absent = read(path)
    except UnclearKeypoints:
        raise
    except _DAMAGE as error:
        raise ValueError(f'{path} is not a key-point file ({_reason(error)})') from error
    if not stems:
        raise ValueError(f'{path} is not a key-point file (it has no entry)')
    rows = {stem: row for row, stem in enumerate(stems)}
    if len(rows) < len(stems):
        twice = next(stem for row, stem in enumerate(stems) if rows[stem] != row)
        raise ValueError(f'{path}: two entries have the file name {twice!r}')
    points[~np.isfinite(points).all(axis=2)] = 0
    _check_points(points, stems, path)
    ends = Counter(end for stem in (*stems, *absent) for end in name_ends(stem)[1:])
    longer = {end: rows[stem] for stem in stems for end in name_ends(stem)[1:] if ends[end] == 1}
    return Keypoints(str(path), names, rows, points, sizes, longer, absent)


def _reason(error: Exception) -> str:
    # Not the representation: that of a decoding error holds the whole file.
    return f'{type(error).__name__}: {error}'


@lru_cache(maxsize=4)
def cached_keypoints(path: str) -> Keypoints:
    """As :func:`load_keypoints`, which is called once for a file."""
    return load_keypoints(Path(path))


def _check_points(points: np.ndarray, stems: Sequence[str], path: Path) -> None:
    """What no image size is needed for to see that something is wrong."""
    known = points[..., 2] > 0
    if known.any() and np.abs(points[known, :2]).max() <= 1:
        raise UnclearKeypoints(
            f'{path}: all x and y lie within one pixel, as shares of width and height would; '
            'multiply them by width and height of the images'
        )
    if not known.any():
        print_log(
            f'{path}: none of {len(stems)} entries has a point with a score above 0; all their '
            'labels are background',
            'current',
            logging.WARNING,
        )
    first = np.take_along_axis(points, known.argmax(axis=1)[:, None, None], axis=1)
    same = ((points == first)[..., :2].all(axis=2) | ~known).all(axis=1) & (known.sum(axis=1) > 2)
    if same.any():
        example = stems[int(same.argmax())]
        print_log(
            f'{path}: {same.sum()} of {len(stems)} entries, such as {example!r}, have all their '
            'points at one place; their labels show next to nothing',
            'current',
            logging.WARNING,
        )


def _read_json(path: Path) -> KeypointContent:
    """COCO annotations, or a list of COCO results whose ``image_id`` is a file name."""
    content = json.loads(path.read_bytes())
    annotated = isinstance(content, dict)
    images = (read_coco if annotated else read_results)(content, str(path))
    return _pack(images, path, annotated)


def _read_folder(path: Path) -> KeypointContent:
    """One file an image, as OpenPifPaf, mmpose, OpenPose and KPR write them."""
    found = []
    for file in (file for file in list_files(path) if file.suffix == '.json'):
        name = file.relative_to(path).as_posix().removesuffix('.json')
        try:
            content = json.loads(file.read_bytes())
            found.append(read_image(content, name, str(file)))
        except UnclearKeypoints:
            raise
        except _DAMAGE as error:
            raise ValueError(f'{file}: {_reason(error)}') from error
    return _pack(found, path)


def _pack(images: Sequence[ImagePeople], path: Path, annotated: bool = False) -> KeypointContent:
    """Key points of the person who is meant in each image.

    An image in which a detector found nobody has points of score 0, a label of background.  One
    whose people were annotated without points, or of whom none is the target, is absent: where
    the person is who is meant is not known.
    """
    twice = [stem for stem, number in Counter(i.stem for i in images).items() if number > 1]
    if twice:
        raise ValueError(f'two images have the file name {twice[0]!r}')
    persons = [find_person(image.people, image.where) for image in images]
    people = [person for image in images for person, _ in image.people]
    if (annotated or people) and not any(person.get('keypoints') for person in people):
        raise UnclearKeypoints(
            f'{path}: nobody has `keypoints`; boxes and outlines alone say nothing of body parts'
        )
    absent = {}
    for image, person in zip(images, persons, strict=True):
        if person is None and any(p.get('is_target') is not None for p, _ in image.people):
            absent[image.stem] = 'nobody with points has `is_target`'
        elif person is None and annotated:
            absent[image.stem] = (
                'its annotations are crowds, ignored or without points'
                if image.people
                else 'no annotation has any'
            )
    if absent and len(absent) == len(images):
        raise UnclearKeypoints(
            f'{path}: nobody has key points who is not `iscrowd`, `ignore` or of '
            '`num_keypoints` 0, and whose `is_target` is not false'
        )
    kept = [(i, p) for i, p in zip(images, persons, strict=True) if i.stem not in absent]
    points = np.zeros((len(kept), len(JOINTS), 3), np.float32)
    sizes = np.full((len(kept), 2), np.nan, np.float32)
    for row, (image, person) in enumerate(kept):
        if person is not None:
            points[row] = person
        if image.size is not None:
            sizes[row] = image.size
    return KeypointContent(JOINTS, [image.stem for image, _ in kept], points, sizes, absent)
