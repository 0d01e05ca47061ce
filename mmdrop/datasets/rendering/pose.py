"""How a pedestrian stands, and where its joints appear in the picture.

The skeleton is three-dimensional: axes are the person's own left, up and forward, in body heights.
Seen from the front (yaw 0) the person's left is on the image's right; at 90° the person walks to
the image's right and shows its right side; at 180° it shows its back, its left on the image's left.
"""

import math
from dataclasses import dataclass

import numpy as np

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Pose:
    """How a person stands in one image.

    Angles are in radians. ``phase`` is the walking phase, ``stride`` the largest swing of a leg,
    ``bend`` the bend of the elbows, ``lean`` how far the head is ahead of the hips. ``phone`` says
    which forearm is raised: ``'left'``, ``'right'`` or ``''``.
    """

    yaw: float
    phase: float = 0.0
    stride: float = 0.3
    bend: float = 0.3
    lean: float = 0.02
    spread: float = 0.12
    phone: str = ''

    @classmethod
    def draw(cls, rng: np.random.Generator, yaw: float) -> 'Pose':
        """Draw a pose of a person that is seen from ``yaw``."""
        return cls(
            yaw=yaw,
            phase=rng.uniform(0, 2 * math.pi),
            stride=rng.uniform(0.12, 0.5),
            bend=rng.uniform(0.05, 0.6),
            lean=rng.uniform(-0.01, 0.06),
            spread=rng.uniform(0.06, 0.2),
            phone=str(rng.choice(('', 'left', 'right'), p=(0.8, 0.1, 0.1))),
        )


def skeleton(pose: Pose, build: float) -> dict[str, Point]:
    """Joints as (left, up, forward) in body heights."""
    lean = pose.lean
    joints = {
        'crown': (0.0, 0.995, lean * 1.2),
        'chin': (0.0, 0.845, lean),
        'neck': (0.0, 0.845, lean),
        'waist': (0.0, 0.625, lean / 3),
        'belt': (0.0, 0.61, lean / 3),  # below the waist, so that the halves overlap
        'crotch': (0.0, 0.465, 0.0),
        'hem': (0.0, 0.36, 0.0),
        'pack_top': (0.0, 0.8, lean - 0.09),
        'pack_bottom': (0.0, 0.645, lean / 2 - 0.1),
    }
    for side, sign in (('left', 1.0), ('right', -1.0)):
        swing = sign * pose.stride * math.sin(pose.phase)
        knee_bend = 0.08 + 1.1 * pose.stride * max(0.0, sign * math.cos(pose.phase))
        hip = (sign * 0.048 * build, 0.5, 0.0)
        knee = _hang(hip, 0.225, swing + 0.3 * knee_bend)
        ankle = _hang(knee, 0.215, swing - 0.7 * knee_bend)
        tilt = 0.6 * min(0.0, swing - 0.7 * knee_bend)  # the rear heel lifts
        heel = (ankle[0], ankle[1] - 0.025, ankle[2] - 0.015)
        toe = (ankle[0] * 1.25, heel[1] - 0.015 + 0.1 * tilt, heel[2] + 0.1 * math.cos(tilt))
        raised = pose.phone == side
        bend = 1.9 if raised else pose.bend
        swing = 0.15 if raised else -0.9 * swing
        shoulder = (sign * 0.094 * build, 0.795, lean)
        elbow = _hang(shoulder, 0.16, swing, sign * pose.spread)
        wrist = _hang(elbow, 0.155, swing + bend, sign * pose.spread * 0.4)
        names = ('hip', 'knee', 'ankle', 'heel', 'toe', 'shoulder', 'elbow', 'wrist')
        points = (hip, knee, ankle, heel, toe, shoulder, elbow, wrist)
        joints |= {f'{side}_{name}': point for name, point in zip(names, points, strict=True)}
    left, up, forward = joints['left_wrist']
    return joints | {'bag': (left, up - 0.13, forward)}


def _hang(start: Point, length: float, swing: float, spread: float = 0.0) -> Point:
    """End of a limb that hangs from ``start``, swung forward and spread to the left."""
    down = length * math.cos(spread)
    return (
        start[0] + length * math.sin(spread),
        start[1] - down * math.cos(swing),
        start[2] + down * math.sin(swing),
    )


def project(
    joints: dict[str, Point],
    yaw: float,
    feet: tuple[float, float],
    scale: float,
    pitch: float,
) -> dict[str, Point]:
    """Image x, y in pixels and the depth towards the camera in body heights."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    sole = min(joints['left_toe'][1], joints['right_toe'][1]) - 0.025
    projected = {}
    for name, (left, up, forward) in joints.items():
        near = forward * cos - left * sin
        x = feet[0] + scale * (left * cos + forward * sin)
        projected[name] = (x, feet[1] - scale * (up - sole - pitch * near), near)
    return projected
