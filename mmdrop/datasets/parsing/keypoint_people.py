"""People in the ``.json`` files of annotators and detectors, and which of them is meant."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmdrop.datasets.parsing.joint_orders import JOINTS, UNNAMED, JointOrder, UnclearKeypoints


def find_person(
    people: Sequence[tuple[Mapping, JointOrder | None]], where: str
) -> np.ndarray | None:
    """Key points of the person of an image who is meant, ``(J, 3)``; None if nobody has any.

    That is the one with ``is_target``, where a file marks one, else the largest.  Crowds
    (``iscrowd``), ``ignore`` and people without points do not count.

    Args:
        people: People of the image, as the file gives them, and the order of their joints; None
            for points without names.
        where: File and image, for messages.

    Raises:
        UnclearKeypoints: A field cannot be followed.
    """
    marked = [(p, order) for p, order in people if p.get('is_target') is not None]
    targets = [(p, order) for p, order in marked if _flag(p, 'is_target', where)]
    if len(targets) > 1:
        raise UnclearKeypoints(
            f'{where}: {len(targets)} people have `is_target`; mark the one who is meant'
        )
    if marked:  # with `is_target: false` it is somebody else
        people = targets or [(p, order) for p, order in people if p.get('is_target') is None]
    found = []
    for person, order in people:
        shown = f'{where}, annotation {person["id"]}' if 'id' in person else where
        if _flag(person, 'iscrowd', shown) or _flag(person, 'ignore', shown):
            continue
        if not _has_points(person) or _counts_none(person, shown):
            continue
        points = read_points(person, order, shown)
        if (points[:, 2] > 0).any():
            found.append((person, points))
    if not found:
        return None
    return found[_largest(found, where)][1]


def _has_points(person: Mapping) -> bool:
    points = person.get('keypoints')
    return points is not None and len(points) > 0


def _counts_none(person: Mapping, where: str) -> bool:
    number = person.get('num_keypoints')
    if number is not None and not isinstance(number, int | float):
        raise UnclearKeypoints(f'{where}: `num_keypoints` must be a number, found {number!r}')
    return number == 0


def read_points(person: Mapping, order: JointOrder | None, where: str) -> np.ndarray:
    """Key points ``(J, 3)`` of :data:`JOINTS`, flat or nested, with scores in or beside them.

    Raises:
        UnclearKeypoints: Their number does not fit, or it is not known what they mean.
    """
    values = np.array(person['keypoints'], np.float32)
    if values.ndim == 1 and len(values) % 3 == 0:
        values = values.reshape(-1, 3)
    if values.ndim != 2 or values.shape[1] not in (2, 3):
        raise UnclearKeypoints(
            f'{where}: `keypoints` of shape {values.shape}; expected x, y and score of each joint'
        )
    if person.get('keypoint_scores') is not None:  # a third number beside them is a depth
        scores = np.array(person['keypoint_scores'], np.float32)
        if scores.shape != values.shape[:1]:
            raise UnclearKeypoints(
                f'{where}: `keypoint_scores` of shape {scores.shape} for {len(values)} points'
            )
        values = np.column_stack([values[:, :2], scores])
    elif values.shape[1] == 2:
        values = np.column_stack([values, np.ones(len(values), np.float32)])
    if order is None:
        if len(values) not in UNNAMED:
            raise UnclearKeypoints(
                f'{where}: `keypoints` has {len(values)} points without names; those of COCO (17) '
                'and COCO-WholeBody (133) are known: give the names in `categories` or '
                '`meta_info.keypoint_id2name`'
            )
        order = UNNAMED[len(values)]
    elif order.length != len(values):
        raise UnclearKeypoints(
            f'{where}: `keypoints` has {len(values)} points, and {order.length} are named'
        )
    values[~np.isfinite(values).all(axis=1)] = 0
    points = np.zeros((len(JOINTS), 3), np.float32)
    points[order.target] = values[order.source]
    return points


def _flag(fields: Mapping, name: str, where: str) -> bool:
    value: Any = fields.get(name)
    if value not in (None, 0, 1):  # True and False are 1 and 0
        raise UnclearKeypoints(f'{where}: `{name}` must be true or false, found {value!r}')
    return bool(value)


def _largest(found: Sequence[tuple[Mapping, np.ndarray]], where: str) -> int:
    """By the first measure that everybody has: box, area, extent of the known points."""
    known = [points[points[:, 2] > 0, :2] for _, points in found]
    measures = (
        [_box_area(person.get('bbox'), where) for person, _ in found],
        [person.get('area') for person, _ in found],
        [float(np.ptp(points, axis=0).prod()) for points in known],
    )
    sizes = next(sizes for sizes in measures if None not in sizes)
    return int(np.argmax(np.array(sizes, np.float64)))


def _box_area(box: Any, where: str) -> float | None:
    if box is None or len(box) == 0:
        return None
    values = np.array(box, np.float64)
    if values.size != 4:
        raise UnclearKeypoints(f'{where}: `bbox` must be 4 numbers, found {box}')
    # mmpose nests its boxes, and gives their far corner where COCO gives width and height.
    width, height = values[0, 2:] - values[0, :2] if values.ndim == 2 else values[2:]
    return float(width * height)
