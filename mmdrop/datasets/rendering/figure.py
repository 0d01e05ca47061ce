"""Draws one identity together with the labels of its parts."""

import math

import numpy as np

from mmdrop.datasets.rendering.appearance import Appearance
from mmdrop.datasets.rendering.layers import stamp
from mmdrop.datasets.rendering.pose import Point, Pose, project, skeleton
from mmdrop.datasets.rendering.sprites import make_sprites

#: The label values that are drawn, before they are grouped into K parts.
FINE_PARTS = (
    'background',
    'head',
    'upper_torso',
    'lower_torso',
    'left_upper_arm',
    'left_forearm',
    'right_upper_arm',
    'right_forearm',
    'left_leg',
    'right_leg',
    'left_foot',
    'right_foot',
)


class Figure:
    """One identity, ready to be drawn.

    Args:
        look: The identity's appearance.
        unit: Height in pixels at which the sprites are drawn; drawing near it looks best.
    """

    def __init__(self, look: Appearance, unit: float):
        self.look = look
        self.unit = unit
        self.sprites = make_sprites(look, unit)

    def draw(
        self,
        canvas: np.ndarray,
        pose: Pose,
        feet: tuple[float, float],
        height: float,
        pitch: float = 0.2,
        solid: int | None = None,
    ) -> None:
        """Draw the person into ``canvas``, in place.

        Args:
            canvas: ``(H, W, 4)`` uint8: BGR and the label, an index of ``FINE_PARTS``.
            pose: The pose.
            feet: The point on the ground below the hips, (x, y) in pixels.
            height: Height in pixels of an identity of mean height.
            pitch: How much lower a point appears that is nearer to the camera.
            solid: Label to write for every pixel instead of the part's.
        """
        scale = height * self.look.height
        joints = project(skeleton(pose, self.look.build), pose.yaw, feet, scale, pitch)
        _Drawing(self, canvas, joints, pose.yaw, scale / self.unit, solid).paint()


class _Drawing:
    """A figure while it is drawn, from the farthest part to the nearest."""

    def __init__(
        self,
        figure: Figure,
        canvas: np.ndarray,
        joints: dict[str, Point],
        yaw: float,
        zoom: float,
        solid: int | None,
    ):
        self.look, self.sprites = figure.look, figure.sprites
        self.canvas, self.joints, self.zoom, self.solid = canvas, joints, zoom, solid
        self.facing, self.sideways = math.cos(yaw), math.sin(yaw)
        self.view = 'front' if self.facing > 0.5 else 'back' if self.facing < -0.5 else 'side'
        self.slim = math.hypot(self.facing, 0.68 * self.sideways)  # a torso is wider than deep

    def paint(self) -> None:
        depth = {side: self.joints[f'{side}_shoulder'][2] for side in ('left', 'right')}
        reach = {side: depth[side] + self.joints[f'{side}_wrist'][2] for side in depth}
        arms = sorted(reach, key=reach.__getitem__)
        hidden = [side for side in arms if reach[side] < -0.1]
        legs = sorted(
            depth, key=lambda s: self.joints[f'{s}_ankle'][2] + 4 * self.joints[f'{s}_hip'][2]
        )
        pack_in_front = self.facing <= -0.3

        for side in hidden:
            self._arm(side)
        if not pack_in_front:
            self._backpack()
        for side in legs:
            self._part('foot', f'{side}_heel', f'{side}_toe', f'{side}_foot')
            self._part('shank', f'{side}_knee', f'{side}_ankle', f'{side}_leg')
            self._part('thigh', f'{side}_hip', f'{side}_knee', f'{side}_leg')
        self._skirt(nearest_leg=legs[-1])
        self._part('hips', 'waist', 'crotch', 'lower_torso', self.slim)
        self._part(f'chest_{self.view}', 'neck', 'belt', 'upper_torso', self.slim)
        if pack_in_front:
            self._backpack()
        mirror = -1.0 if self.view == 'side' and self.sideways < 0 else 1.0
        self._part(f'head_{self.view}', 'crown', 'chin', 'head', mirror)
        for side in arms:
            if side not in hidden:
                self._arm(side)

    def _part(self, sprite: str, start: str, end: str, label: str, width: float = 1.0) -> None:
        """Draw one sprite between two joints; a label of '' keeps the labels below it."""
        value = self.solid
        if value is None and label:
            value = FINE_PARTS.index(label)
        first, last = self.joints[start], self.joints[end]
        shade = 1.0 if first[2] + last[2] > -0.09 else 0.8  # the far side is darker
        zoom = width * self.zoom
        stamp(self.canvas, self.sprites[sprite], first[:2], last[:2], zoom, value, shade)

    def _arm(self, side: str) -> None:
        self._part('forearm', f'{side}_elbow', f'{side}_wrist', f'{side}_forearm')
        if side == 'left' and self.look.bag == 'handbag':
            self._part('handbag', 'left_wrist', 'bag', '')
        self._part('upper_arm', f'{side}_shoulder', f'{side}_elbow', f'{side}_upper_arm')

    def _backpack(self) -> None:
        if self.look.bag == 'backpack':
            width = 0.75 + 0.25 * abs(self.facing)
            self._part('backpack', 'pack_top', 'pack_bottom', 'upper_torso', width)

    def _skirt(self, nearest_leg: str) -> None:
        if self.look.bottom != 'skirt':
            return
        self._part('skirt', 'waist', 'hem', f'{nearest_leg}_leg', self.slim)
        if self.view != 'side':
            width = math.copysign(self.slim, self.facing)
            self._part('left_skirt', 'waist', 'hem', 'left_leg', width)
            self._part('right_skirt', 'waist', 'hem', 'right_leg', width)
