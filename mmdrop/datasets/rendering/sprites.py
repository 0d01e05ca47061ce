"""Sprites: the parts of one identity, each drawn upright once.

Lengths are in body heights, x to the right and y down from where the part's bone starts. A pose
only warps sprites, which is what makes an image cost about a millisecond.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from mmdrop.datasets.rendering.appearance import Appearance
from mmdrop.datasets.rendering.colours import BGR, scale_colour


class Sprite(NamedTuple):
    """A body part that hangs from ``(x, y)`` straight down to ``y + length``, in pixels."""

    image: np.ndarray  # (h, w, 4) uint8, BGR and alpha
    x: float
    y: float
    length: float


Paint = Callable[[np.ndarray, np.ndarray], np.ndarray]


def body_part(
    unit: float, length: float, radii: tuple[float, ...], paint: Paint, round_ends: bool = True
) -> Sprite:
    """Shade one part with the half-widths ``radii`` at equal steps along its bone.

    Args:
        unit: Pixels of one body height.
        length: Length of the bone.
        radii: Half-widths, at least one.
        paint: Maps x ``(1, w)`` and y ``(h, 1)``, measured from the bone's start, to BGR.
        round_ends: Whether the ends are half discs, so that joints close when they bend.
    """
    margin = max(radii) + 1.5 / unit
    rows, cols = round((length + 2 * margin) * unit), 2 * round(margin * unit) + 1
    y = (np.arange(rows) / unit - margin)[:, None]
    x = ((np.arange(cols) - cols // 2) / unit)[None]
    along = np.clip(y / length, 0, 1)
    radius = np.interp(along, np.linspace(0, 1, len(radii)), radii)
    beyond = np.abs(y - along * length)
    overhang = beyond if round_ends else 9.0 * (beyond > 1e-6)
    inside = np.hypot(x, overhang) <= radius
    across = np.clip(x / radius, -1, 1)
    light = 1.05 - 0.3 * across**2 - 0.12 * across - 0.08 * along  # a round form, lit from the left
    colour = np.clip(paint(x, y) * light[..., None], 0, 255)
    image = np.dstack([colour, 255 * inside]).astype(np.uint8)
    return Sprite(image, cols // 2, margin * unit, length * unit)


def fabric(look: Appearance, x: np.ndarray, y: np.ndarray, view: str = '') -> np.ndarray:
    """Paint the top; ``view`` adds what only the chest shows, and is empty for sleeves."""
    pattern, period = look.top_pattern, 0.045
    second = np.zeros(np.broadcast(x, y).shape, bool)
    if pattern in ('rows', 'checks'):
        second |= (y % (2 * period)) > period
    if pattern in ('columns', 'checks'):
        second ^= (x + period / 2) % (2 * period) > period
    if pattern == 'block':
        second |= (y > 0.12) if view else True
    if view == 'front' and pattern == 'logo':
        second |= (np.abs(x) < 0.045) & (np.abs(y - 0.09) < 0.035)
    if view == 'front' and pattern == 'jacket':
        second |= np.abs(x) < 0.028
    colour = np.where(second[..., None], look.top_second, look.top).astype(np.float32)
    if view and look.bag == 'shoulder':
        slope = 0.45 if view == 'front' else -0.45
        middle = 0.06 if view == 'front' else -0.06
        colour[np.abs(x - middle + slope * y) < 0.011] = look.bag_colour
    if view == 'front' and look.bag == 'backpack':
        colour[(np.abs(np.abs(x) - 0.068) < 0.013) & (y < 0.15)] = look.bag_colour
    if view == 'front':  # the neck's opening
        colour[np.hypot(x / 1.2, y) < 0.03] = look.skin
    return colour


def _trousers(look: Appearance, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    colour = np.empty((*np.broadcast(x, y).shape, 3), np.float32)
    colour[:] = look.bottom_colour
    if look.bottom_stripe is not None:
        colour[np.broadcast_to(np.abs(x) < 0.009, colour.shape[:2])] = look.bottom_stripe
    return colour


def head_sprite(look: Appearance, view: str, unit: float) -> Sprite:
    """Draw neck, head, hair and hat; the side view looks to the right."""
    height, width = round(0.24 * unit), round(0.2 * unit)
    image = np.zeros((height, width, 4), np.uint8)

    def oval(
        colour: BGR, x: float, y: float, rx: float, ry: float, start: int = 0, end: int = 360
    ) -> None:
        centre = round(16 * (width / 2 + x * unit)), round(16 * (0.105 + y) * unit)
        axes = round(16 * rx * unit), round(16 * ry * unit)
        cv2.ellipse(image, centre, axes, 0, start, end, (*colour, 255), -1, cv2.LINE_8, 4)

    def box(colour: BGR, x: float, y: float, rx: float, ry: float) -> None:
        middle = np.array((width / 2 + x * unit, (0.105 + y) * unit))
        low, high = (
            tuple(int(c) for c in np.rint(middle + sign * unit * np.array((rx, ry))))
            for sign in (-1, 1)
        )
        cv2.rectangle(image, low, high, (*colour, 255), -1)

    skin, hair = look.skin, look.hair
    shadow = scale_colour(skin, 0.78)
    turn = 0.012 if view == 'side' else 0
    if look.long_hair:
        oval(hair, -turn, 0.03, 0.056, 0.085)
        box(hair, -2 * turn, 0.06, 0.05 if view != 'side' else 0.03, 0.05)
    box(shadow, 0, 0.075, 0.024, 0.03)
    if view == 'back':
        oval(hair, 0, -0.004, 0.052, 0.066)
        if not look.long_hair:
            oval(shadow, 0, 0.056, 0.026, 0.022)
            oval(hair, 0, 0.006, 0.05, 0.05)
    else:
        oval(hair, -turn, -0.012, 0.055, 0.062)
        if view == 'front' and look.long_hair:
            box(hair, 0, 0.04, 0.054, 0.05)
        oval(skin, 2 * turn, 0.012, 0.043, 0.056)
        oval(hair, turn, -0.022, 0.048, 0.05, 180, 360)
        eyes = (-0.018, 0.018) if view == 'front' else (0.046,)
        for x in eyes:
            oval((40, 36, 36), x, 0.006, 0.007, 0.006)
        if view == 'side':
            oval(skin, 0.062, 0.022, 0.012, 0.01)
            oval(hair, -0.03, -0.005, 0.03, 0.05)
        box((86, 84, 150), 4 * turn if view == 'side' else 0, 0.042, 0.013, 0.003)
    if look.hat is not None:
        oval(look.hat, 0, -0.022, 0.058, 0.054, 180, 360)
        brim = {'front': (0, 0.045), 'side': (0.05, 0.035), 'back': (0, 0.0)}[view]
        box(scale_colour(look.hat, 0.75), brim[0], -0.022, brim[1], 0.007)
    light = np.linspace(1.08, 0.82, width)[None, :, None]
    image[..., :3] = np.clip(image[..., :3] * light, 0, 255)
    return Sprite(image, width / 2, 0.037 * unit, 0.15 * unit)


def make_sprites(look: Appearance, unit: float) -> dict[str, Sprite]:
    """Draw every part of one identity; ``unit`` is the body height in pixels."""
    b = look.build

    def skin(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.array(look.skin, np.float32), (*np.broadcast(x, y).shape, 3))

    def sleeve(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        end = 9.0 if look.long_sleeves else 0.1
        return np.where((y < end)[..., None], fabric(look, x, y), skin(x, y))

    def forearm(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        end = 0.125 if look.long_sleeves else -9
        return np.where((y < end)[..., None], fabric(look, x, y + 0.16), skin(x, y))

    def thigh(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return skin(x, y) if look.bottom == 'skirt' else _trousers(look, x, y)

    def shank(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        end = {'trousers': 9.0, 'shorts': 0.02, 'skirt': -9.0}[look.bottom]
        return np.where((y < end)[..., None], _trousers(look, x, y), skin(x, y))

    def hips(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        shirt = y < 0.02 + 0.12 * look.untucked
        return np.where(shirt[..., None], fabric(look, x, y + 0.2), _trousers(look, x, y))

    def one(colour: BGR) -> Paint:
        return lambda x, y: np.broadcast_to(
            np.array(colour, np.float32), (*np.broadcast(x, y).shape, 3)
        )

    chest = (0.04 * b, 0.105 * b, 0.112 * b, 0.104 * b, 0.096 * b, 0.093 * b)
    loose = 1.0 if look.bottom != 'shorts' else 1.15
    sprites = {
        'upper_arm': body_part(unit, 0.16, (0.036 * b, 0.034 * b, 0.03 * b), sleeve),
        'forearm': body_part(unit, 0.165, (0.03 * b, 0.023 * b, 0.023), forearm),
        'thigh': body_part(unit, 0.235, (0.058 * b * loose, 0.044 * b * loose), thigh),
        'shank': body_part(unit, 0.215, (0.043 * b, 0.043 * b, 0.03), shank),
        'foot': body_part(unit, 0.1, (0.026, 0.032, 0.026), one(look.shoes)),
        'hips': body_part(unit, 0.16, (0.093 * b, 0.1 * b, 0.1 * b, 0.07 * b), hips, False),
        'skirt': body_part(
            unit, 0.25, (0.095 * b, 0.125 * b, 0.15 * b), partial(_trousers, look), False
        ),
        'backpack': body_part(unit, 0.17, (0.06, 0.075, 0.08, 0.07), one(look.bag_colour)),
        'handbag': body_part(unit, 0.09, (0.012, 0.05, 0.052), one(look.bag_colour), False),
    }
    for side in ('left', 'right'):
        half = sprites['skirt'].image.copy()
        middle = half.shape[1] // 2
        half[:, slice(None, middle) if side == 'left' else slice(middle, None), 3] = 0
        sprites[f'{side}_skirt'] = sprites['skirt']._replace(image=half)
    for view in ('front', 'side', 'back'):
        shirt = partial(fabric, look, view=view)
        sprites[f'chest_{view}'] = body_part(unit, 0.23, chest, shirt, False)
        sprites[f'head_{view}'] = head_sprite(look, view, unit)
    return sprites
