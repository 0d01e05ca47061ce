"""Key points in ``.npz`` files."""

from pathlib import Path

import numpy as np

from mmdrop.datasets.parsing.joint_orders import JOINTS, UnclearKeypoints, joint_order
from mmdrop.datasets.parsing.keypoint_json import image_stem
from mmdrop.datasets.parsing.keypoints import KeypointContent
from mmdrop.utils import IMAGE_EXTENSIONS

_OF_EACH = ('names', 'scores', 'widths', 'heights')  # further arrays beside ``x_keypoints``


def read_npz(path: Path) -> KeypointContent:
    """Read ``keypoint_names`` and any number of pairs ``x_names``, ``x_keypoints``.

    Raises:
        UnclearKeypoints: Arrays have unknown names, or do not fit together.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    given = tuple(_texts(arrays.pop('keypoint_names'), f'{path}, `keypoint_names`'))
    order = joint_order(given, f'{path}, `keypoint_names`')
    prefixes = [key.removesuffix('_keypoints') for key in arrays if key.endswith('_keypoints')]
    if not prefixes:
        raise UnclearKeypoints(
            f'{path}: expected pairs of arrays `x_names` and `x_keypoints` beside '
            f'`keypoint_names`, found {sorted(arrays)}'
        )
    known = {f'{p}_{end}' for p in prefixes for end in ('keypoints', *_OF_EACH)}
    if set(arrays) - known:
        raise UnclearKeypoints(
            f'{path}: unknown arrays {sorted(set(arrays) - known)}; known are `keypoint_names`, '
            f'`x_keypoints`, {", ".join(f"`x_{end}`" for end in _OF_EACH)}'
        )
    parts = [_read_arrays(prefix, arrays, len(given), path) for prefix in prefixes]
    stems = [stem for part in parts for stem in part[0]]
    points = np.concatenate([part[1] for part in parts])
    sizes = np.concatenate([part[2] for part in parts])
    if len(order.source) != len(given):
        points = points[:, order.source]
    names = tuple(JOINTS[place] for place in order.target)
    return KeypointContent(names, stems, points, sizes, {})


def _texts(array: np.ndarray, where: str) -> list[str]:
    """Names, which some programs write as bytes."""
    if array.dtype.kind not in 'SU':
        raise UnclearKeypoints(f'{where}: names must be text, got {array.dtype}')
    return np.char.decode(array, 'utf-8').tolist() if array.dtype.kind == 'S' else array.tolist()


def _read_arrays(
    prefix: str, arrays: dict[str, np.ndarray], num_joints: int, path: Path
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, points ``(N, J, 3)`` and sizes ``(N, 2)`` of the arrays of one prefix."""
    stems = _texts(arrays[f'{prefix}_names'], f'{path}, `{prefix}_names`')
    if all(Path(stem).suffix.lower() in IMAGE_EXTENSIONS for stem in stems):
        stems = [image_stem(stem) for stem in stems]
    points = arrays[f'{prefix}_keypoints']
    number = len(stems)
    if (
        points.ndim != 3
        or points.shape[:2] != (number, num_joints)
        or points.shape[2] not in (2, 3)
    ):
        raise UnclearKeypoints(
            f'{path}: `{prefix}_keypoints` {points.shape} for {number} names and {num_joints} '
            f'joints; expected ({number}, {num_joints}, 2 or 3)'
        )
    points = points.astype(np.float32)
    scores = arrays.get(f'{prefix}_scores')
    if scores is None and points.shape[2] == 2:
        scores = np.ones((number, num_joints))
    if scores is not None:
        if points.shape[2] == 3 or scores.shape != (number, num_joints):
            raise UnclearKeypoints(
                f'{path}: `{prefix}_scores` {scores.shape} beside `{prefix}_keypoints` '
                f'{points.shape}; expected one score for each x and y'
            )
        points = np.concatenate([points, scores[..., None].astype(np.float32)], axis=2)
    sizes = np.full((number, 2), np.nan, np.float32)
    for axis, end in enumerate(('widths', 'heights')):
        given = arrays.get(f'{prefix}_{end}')
        if given is not None:
            sizes[:, axis] = given
    if not (np.isnan(sizes).all() or (sizes > 0).all()):
        raise UnclearKeypoints(
            f'{path}: `{prefix}_widths` and `{prefix}_heights` must be {number} numbers of pixels '
            'each'
        )
    return stems, points, sizes
