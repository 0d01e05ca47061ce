"""Reading of key-point files."""

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from mmdrop.datasets.layouts import IMAGE_EXTENSIONS
from mmdrop.datasets.parsing.limbs import COCO_JOINTS

JOINTS_14 = (
    *('head_top', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist'),
    *('left_shoulder', 'left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle'),
    *('left_hip', 'left_knee', 'left_ankle'),
)


# What a damaged or wrong file makes the readers raise.
_DAMAGE = (
    *(KeyError, TypeError, IndexError, ValueError, AttributeError),
    *(EOFError, OSError, BadZipFile, zlib.error),
)


class Keypoints(NamedTuple):
    """Key points of many images.

    Attributes:
        names: The J joints.
        rows: Entry, a file name without suffix and with its folders if it has any, to row of
            ``points``.
        points: ``(N, J, 3)`` float32: x, y in pixels and score, which is 0 for an unknown joint.
        longer: End of an entry to its row, where no other entry ends so.
    """

    names: tuple[str, ...]
    rows: dict[str, int]
    points: np.ndarray
    longer: dict[str, int]

    def find(self, stem: str) -> int | None:
        """Row of an image such as ``'train/0001/a'``, None if there is none.

        An entry is the image's where one name is the end of the other: ``'a'``, ``'0001/a'`` or
        ``'images/train/0001/a'``, but not ``'0002/a'``.
        """
        names = _ends(stem)
        row = next((self.rows[name] for name in names if name in self.rows), None)
        return self.longer.get(stem) if row is None else row


def load_keypoints(path: Path) -> Keypoints:
    """Read a COCO ``.json``, an ``.npz`` file, or a folder with one ``.json`` an image.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or not in the documented form.
    """
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist; set `ann_file` to the key-point file')
    read = _read_folder if path.is_dir() else _read_npz if path.suffix == '.npz' else _read_coco
    try:
        names, stems, points = read(path)
    except _DAMAGE as error:
        raise ValueError(f'{path} is not a key-point file ({error!r})') from error
    if not stems:
        raise ValueError(f'{path} is not a key-point file (it has no entry)')
    unknown = set(names) - set(COCO_JOINTS) - set(JOINTS_14)
    if unknown:
        raise ValueError(f'{path}: unknown joints {sorted(unknown)}')
    rows = {stem: row for row, stem in enumerate(stems)}
    if len(rows) < len(stems):
        twice = next(stem for row, stem in enumerate(stems) if rows[stem] != row)
        raise ValueError(f'{path}: two entries have the file name {twice!r}')
    points[~np.isfinite(points).all(axis=2)] = 0
    ends = Counter(end for stem in stems for end in _ends(stem)[1:])
    longer = {end: rows[stem] for stem in stems for end in _ends(stem)[1:] if ends[end] == 1}
    return Keypoints(names, rows, points, longer)


@lru_cache(maxsize=4)
def cached_keypoints(path: str) -> Keypoints:
    """As :func:`load_keypoints`, which is called once for a file."""
    return load_keypoints(Path(path))


def find_shared(keypoints: Keypoints, stems: Sequence[str]) -> list[str]:
    """Images whose entry is that of another image too, for want of folders in its name."""
    rows = [keypoints.find(stem) for stem in stems]
    number = Counter(row for row in rows if row is not None)
    return [stem for stem, row in zip(stems, rows, strict=True) if number[row] > 1]


def _ends(stem: str) -> list[str]:
    """``'x/y/a'`` to ``['x/y/a', 'y/a', 'a']``."""
    folders = stem.split('/')
    return ['/'.join(folders[i:]) for i in range(len(folders))]


def _read_npz(path: Path) -> tuple[tuple[str, ...], list[str], np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        names = tuple(arrays['keypoint_names'].tolist())
        prefixes = [key.removesuffix('_keypoints') for key in arrays if key.endswith('_keypoints')]
        stems = [stem for prefix in prefixes for stem in arrays[f'{prefix}_names'].tolist()]
        points = np.concatenate([arrays[f'{prefix}_keypoints'] for prefix in prefixes])
    if points.shape[:2] != (len(stems), len(names)) or points.shape[2] not in (2, 3):
        raise ValueError(f'{len(stems)} names, {len(names)} joints, key points {points.shape}')
    if points.shape[2] == 2:
        points = np.concatenate([points, np.ones_like(points[..., :1])], axis=2)
    return names, stems, points.astype(np.float32)


def _read_coco(path: Path) -> tuple[tuple[str, ...], list[str], np.ndarray]:
    """COCO annotations, or a list of COCO results whose ``image_id`` is a file name."""
    content = json.loads(path.read_text(encoding='utf-8'))
    if isinstance(content, dict):
        people, names = content['annotations'], {i['id']: i['file_name'] for i in content['images']}
    else:
        people, names = content, {person['image_id']: person['image_id'] for person in content}
    stems = {image: _stem(str(name)) for image, name in names.items()}
    _refuse_twice(list(stems.values()))
    found: dict[str, list[dict]] = {}
    for person in people:
        if person['image_id'] in stems:
            found.setdefault(stems[person['image_id']], []).append(person)
    return _pack(found)


def _read_folder(path: Path) -> tuple[tuple[str, ...], list[str], np.ndarray]:
    """One file an image, as OpenPifPaf and mmpose write them: a list of people."""
    found = []
    for file in sorted(path.rglob('*.json')):
        try:
            content = json.loads(file.read_text(encoding='utf-8'))
            if isinstance(content, dict):
                content = content['instance_info']
        except _DAMAGE as error:
            raise ValueError(f'{file}: {error!r}') from error
        name = file.relative_to(path).as_posix().removesuffix('.json').removesuffix('.predictions')
        found.append((_stem(name), content))
    _refuse_twice([stem for stem, _ in found])
    return _pack(dict(found))


def _refuse_twice(stems: list[str]) -> None:
    twice = [stem for stem, number in Counter(stems).items() if number > 1]
    if twice:
        raise ValueError(f'two images have the file name {twice[0]!r}')


def _stem(name: str) -> str:
    suffix = Path(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in IMAGE_EXTENSIONS else name


def _pack(found: dict[str, list[dict]]) -> tuple[tuple[str, ...], list[str], np.ndarray]:
    """Of several people in an image, the one with the largest box is meant."""
    points = np.zeros((len(found), len(COCO_JOINTS), 3), np.float32)
    for row, people in zip(points, found.values(), strict=True):
        if people:
            known = [(_points(person), _box_area(person)) for person in people]
            row[:] = max(known, key=lambda person: person[1])[0]
    return COCO_JOINTS, list(found), points


def _points(person: dict) -> np.ndarray:
    """Key points ``(17, 3)`` of one person: flat or nested, with scores in them or beside them."""
    points = np.array(person['keypoints'], np.float32)
    if points.shape == (3 * len(COCO_JOINTS),):
        points = points.reshape(len(COCO_JOINTS), 3)
    elif points.shape == (len(COCO_JOINTS), 2):
        scores = np.array(person['keypoint_scores'], np.float32)
        points = np.concatenate([points, scores[:, None]], axis=1)
    if points.shape != (len(COCO_JOINTS), 3):
        raise ValueError(f'key points of shape {points.shape} instead of 17 × 3 in an annotation')
    return points


def _box_area(person: dict) -> float:
    box = np.ravel(person['bbox']) if 'bbox' in person else ()
    if len(box) == 4:
        # mmpose nests its boxes, and gives their far corner where COCO gives width and height.
        width, height = box[2:] - box[:2] if np.ndim(person['bbox']) == 2 else box[2:]
        return float(width * height)
    known = _points(person)
    known = known[known[:, 2] > 0, :2]
    return float(np.ptp(known, axis=0).prod()) if len(known) else 0.0
