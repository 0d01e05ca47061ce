"""In which order key-point files list the joints of a person."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from mmdrop.datasets.parsing.limbs import COCO_JOINTS

# All joints that limbs are drawn from.
JOINTS = (*COCO_JOINTS, 'head_top', 'neck')
JOINTS_14 = (
    *('head_top', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist'),
    *('left_shoulder', 'left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle'),
    *('left_hip', 'left_knee', 'left_ankle'),
)
# Other names of these joints, in CrowdPose, PoseTrack and MPII.
_ALIASES = {'top_head': 'head_top', 'head_bottom': 'neck', 'upper_neck': 'neck'}
# Further points of whole bodies (COCO-WholeBody, BODY_25), from which no limb is drawn.
_FURTHER = re.compile(
    r'face-?\d+|(left|right)_(hand_root|hand-?\d+|thumb\d|forefinger\d|middle_finger\d|'
    r'ring_finger\d|pinky_finger\d|big_toe|small_toe|heel)|mid_hip'
)


class UnclearKeypoints(ValueError):
    """A field of a key-point file says what cannot be followed; the message names both."""


class JointOrder(NamedTuple):
    """Where the joints of :data:`JOINTS` stand in a person's list of points.

    Attributes:
        length: Number of points that the file gives.
        source: Places in the file's list.
        target: Their places in :data:`JOINTS`.
    """

    length: int
    source: list[int]
    target: list[int]


def joint_order(names: Sequence[str], where: str) -> JointOrder:
    """Order of these names; points of hands, feet and face are left out.

    Args:
        names: One for each point, such as ``'left_knee'`` or ``'Left Knee'``.
        where: File and field, for the message.

    Raises:
        UnclearKeypoints: There are other names, or two of one.
    """
    plain = [re.sub(r'[\s-]+(?!\d)', '_', str(name).strip().lower()) for name in names]
    plain = [_ALIASES.get(name, name) for name in plain]
    unknown = [
        name
        for name, same in zip(names, plain, strict=True)
        if same not in JOINTS and not _FURTHER.fullmatch(same)
    ]
    if unknown or not set(plain) & set(JOINTS):
        raise UnclearKeypoints(f'{where}: unknown joints {unknown}; known are {", ".join(JOINTS)}')
    twice = [name for name, number in Counter(plain).items() if number > 1]
    if twice:
        raise UnclearKeypoints(f'{where}: {twice[0]!r} is there twice; give each joint one point')
    known = [(place, JOINTS.index(name)) for place, name in enumerate(plain) if name in JOINTS]
    return JointOrder(len(plain), [place for place, _ in known], [joint for _, joint in known])


_COCO = JointOrder(17, list(range(17)), list(range(17)))
# Points without names: COCO-17, and COCO-WholeBody, whose first 17 are those.
UNNAMED = {17: _COCO, 133: _COCO._replace(length=133)}

_OPENPOSE_BODY = (
    *('nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist'),
    *('left_shoulder', 'left_elbow', 'left_wrist'),
)
_OPENPOSE_LEGS = (
    *('right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle'),
    *('right_eye', 'left_eye', 'right_ear', 'left_ear'),
)
_OPENPOSE_FEET = (
    *('left_big_toe', 'left_small_toe', 'left_heel'),
    *('right_big_toe', 'right_small_toe', 'right_heel'),
)
# OpenPose's models BODY_25 and COCO.
OPENPOSE = {
    25: joint_order((*_OPENPOSE_BODY, 'mid_hip', *_OPENPOSE_LEGS, *_OPENPOSE_FEET), 'BODY_25'),
    18: joint_order((*_OPENPOSE_BODY, *_OPENPOSE_LEGS), 'COCO'),
}
