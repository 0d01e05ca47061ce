"""Limbs drawn from key points as capsules: thick lines with round ends.

Radii are in torso lengths (neck to middle of the hips, about half a metre) and were judged by
eye on pedestrian crops with clothes.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

Point = tuple[float, float]

COCO_JOINTS = (
    *('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear'),
    *('left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist'),
    *('left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle'),
)

# Limb: (joint, joint, radius) of its capsules.  Later rows cover earlier ones.
LIMBS: dict[str, tuple[tuple[str, str, float], ...]] = {
    'left_leg': (('left_hip', 'left_knee', 0.18), ('left_knee', 'left_ankle', 0.13)),
    'right_leg': (('right_hip', 'right_knee', 0.18), ('right_knee', 'right_ankle', 0.13)),
    'left_foot': (('left_heel', 'left_toe', 0.12),),
    'right_foot': (('right_heel', 'right_toe', 0.12),),
    'lower_torso': (
        ('waist', 'pelvis', 0.2),
        ('left_waist', 'left_hip', 0.14),
        ('right_waist', 'right_hip', 0.14),
        ('left_hip', 'right_hip', 0.14),
    ),
    'upper_torso': (
        ('chest', 'waist', 0.22),
        ('left_shoulder', 'left_waist', 0.12),
        ('right_shoulder', 'right_waist', 0.12),
        ('left_shoulder', 'right_shoulder', 0.12),
    ),
    'left_upper_arm': (('left_shoulder', 'left_elbow', 0.1),),
    'right_upper_arm': (('right_shoulder', 'right_elbow', 0.1),),
    'left_forearm': (('left_elbow', 'left_wrist', 0.09), ('left_wrist', 'left_hand', 0.08)),
    'right_forearm': (('right_elbow', 'right_wrist', 0.09), ('right_wrist', 'right_hand', 0.08)),
    'head': (('head_high', 'head_low', 0.17),),
}
# Quadrilaterals that fill the torso between its capsules.
_TORSO_CORNERS = {
    'upper_torso': ('left_shoulder', 'right_shoulder', 'right_waist', 'left_waist'),
    'lower_torso': ('left_waist', 'right_waist', 'right_hip', 'left_hip'),
}
_SHIFT = 3  # fractional bits of the coordinates handed to OpenCV


def known_joints(names: Sequence[str], points: np.ndarray, min_score: float) -> dict[str, Point]:
    """Position of each joint whose score, the last of its three numbers, exceeds ``min_score``."""
    rows = zip(names, points.tolist(), strict=True)
    return {name: (x, y) for name, (x, y, score) in rows if score > min_score}


def draw_limbs(
    joints: Mapping[str, Point], shape: tuple[int, int], labels: Mapping[str, int]
) -> np.ndarray:
    """Draw the limbs whose joints are known.

    Args:
        joints: Position of every known joint, x and y in pixels from the centre of the upper
            left pixel.  Names are those of COCO-17, and ``head_top`` and ``neck``.
        shape: Height and width of the map.
        labels: Label of each limb; a limb without one is not drawn.

    Returns:
        Label map, ``(H, W)`` uint8, 0 is background.
    """
    canvas = np.zeros(shape, np.uint8)
    unit = _torso_length(joints, shape[0])
    points = _add_derived_joints(joints, unit)
    for limb, capsules in LIMBS.items():
        if limb not in labels:
            continue
        corners = [points[name] for name in _TORSO_CORNERS.get(limb, ()) if name in points]
        if len(corners) == 4:
            hull = cv2.convexHull(np.array(corners, np.float32)) * 2**_SHIFT
            cv2.fillConvexPoly(canvas, hull.round().astype(np.int32), labels[limb], shift=_SHIFT)
        for start, end, radius in capsules:
            if start in points and end in points:
                thickness = max(1, round(2 * radius * unit))
                ends = (_fixed(points[start]), _fixed(points[end]))
                cv2.line(canvas, *ends, labels[limb], thickness, shift=_SHIFT)
    return canvas


def _fixed(point: Point) -> tuple[int, int]:
    return round(point[0] * 2**_SHIFT), round(point[1] * 2**_SHIFT)


def _between(a: Point, b: Point, weight: float = 0.5) -> Point:
    return a[0] + weight * (b[0] - a[0]), a[1] + weight * (b[1] - a[1])


def _torso_length(joints: Mapping[str, Point], height: int) -> float:
    """Neck to middle of the hips; bounded, for a pedestrian crop holds one person's height."""
    shoulders = [joints[n] for n in ('neck', 'left_shoulder', 'right_shoulder') if n in joints]
    hips = [joints[n] for n in ('left_hip', 'right_hip') if n in joints]
    if not (shoulders and hips):
        return 0.3 * height
    dx, dy = np.subtract(np.mean(shoulders, axis=0), np.mean(hips, axis=0))
    return min(max(float(np.hypot(dx, dy)), 0.2 * height), 0.4 * height)


def _add_derived_joints(joints: Mapping[str, Point], unit: float) -> dict[str, Point]:
    """Add the joints that no layout has; each is absent where a joint it needs is unknown."""
    points = dict(joints)

    def add(name: str, a: str, b: str, weight: float = 0.5) -> None:
        if name not in points and a in points and b in points:
            points[name] = _between(points[a], points[b], weight)

    add('neck', 'left_shoulder', 'right_shoulder')
    add('pelvis', 'left_hip', 'right_hip')
    add('waist', 'neck', 'pelvis')
    add('chest', 'neck', 'pelvis', 0.2)
    for side in ('left', 'right'):
        add(f'{side}_waist', f'{side}_shoulder', f'{side}_hip')
        add(f'{side}_hand', f'{side}_elbow', f'{side}_wrist', 1.35)
        if f'{side}_ankle' in points:
            x, y = points[f'{side}_ankle']
            points[f'{side}_heel'] = (x, y + 0.06 * unit)
            points[f'{side}_toe'] = (x, y + 0.16 * unit)

    face = [points[name] for name in COCO_JOINTS[:5] if name in points]
    if 'head_top' in points:
        add('head_high', 'head_top', 'neck', 0.3)
        add('head_low', 'head_top', 'neck', 0.7)
    elif face:
        x, y = (sum(p[0] for p in face) / len(face), sum(p[1] for p in face) / len(face))
        points['head_high'] = (x, y - 0.1 * unit)
        points['head_low'] = (x, y + 0.08 * unit)
    return points
