"""Reading of key-point files."""

import json
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from mmdrop.datasets.limbs import COCO_JOINTS

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
    """Read a COCO ``.json`` or an ``.npz`` file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or not in the documented form.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist; set `ann_file` to the key-point file')
    try:
        names, stems, points = (_read_npz if path.suffix == '.npz' else _read_coco)(path)
    except _DAMAGE as error:
        raise ValueError(f'{path} is not a key-point file ({error!r})') from error
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
    """Of several people in an image, the one with the largest box is meant."""
    content = json.loads(path.read_text(encoding='utf-8'))
    largest: dict[int, tuple[float, list[float]]] = {}
    for annotation in content['annotations']:
        keypoints = annotation['keypoints']
        if len(keypoints) != 3 * len(COCO_JOINTS):
            raise ValueError(f'{len(keypoints)} numbers instead of 17 × 3 in an annotation')
        size = _box_area(annotation, keypoints)
        if size > largest.get(annotation['image_id'], (-1.0,))[0]:
            largest[annotation['image_id']] = (size, keypoints)
    images = [image for image in content['images'] if image['id'] in largest]
    stems = [Path(image['file_name']).with_suffix('').as_posix() for image in images]
    points = np.array([largest[image['id']][1] for image in images], np.float32)
    return COCO_JOINTS, stems, points.reshape(len(stems), len(COCO_JOINTS), 3)


def _box_area(annotation: dict, keypoints: list[float]) -> float:
    if 'bbox' in annotation:
        return annotation['bbox'][2] * annotation['bbox'][3]
    known = np.reshape(keypoints, (-1, 3))
    known = known[known[:, 2] > 0, :2]
    return float(np.ptp(known, axis=0).prod()) if len(known) else 0.0
