"""Objects that stand in front of a pedestrian, each drawn by a short function.

A drawing function gets a brush, the object's own colour and a random generator.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from mmdrop.datasets.rendering.colours import BGR, scale_colour, tint

_BLACK, _GREY, _GREEN, _BARK = (34, 34, 36), (70, 70, 72), (58, 118, 72), (60, 80, 102)


class Brush:
    """Draws into a transparent image; x and y are shares of its width and height.

    Args:
        height: Height of the canvas that the object is for, in pixels; radii and thicknesses
            are shares of it.
        size: The image's height and width as shares of ``height``.
    """

    def __init__(self, height: int, size: tuple[float, float]):
        self.height = height
        self.image = np.zeros((int(size[0] * height), int(size[1] * height), 4), np.uint8)
        self.scale = np.array(self.image.shape[1::-1], np.float32)

    def poly(self, points: list[tuple[float, float]], colour: BGR) -> None:
        """Fill a polygon."""
        corners = (np.array(points, np.float32) * self.scale).astype(np.int32)
        cv2.fillPoly(self.image, [corners], (*colour, 255))

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: BGR) -> None:
        """Fill a rectangle."""
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def disc(self, x: float, y: float, radius: float, colour: BGR, ring: float = 0) -> None:
        """Fill a disc, or draw a ring of thickness ``ring``."""
        centre = int(x * self.scale[0]), int(y * self.scale[1])
        thickness = max(1, int(ring * self.height)) if ring else -1
        cv2.circle(self.image, centre, int(radius * self.height), (*colour, 255), thickness)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], colour: BGR, thickness: float
    ) -> None:
        """Draw a line."""
        (x0, y0), (x1, y1) = (np.array((start, end)) * self.scale).astype(int).tolist()
        width = max(1, int(thickness * self.height))
        cv2.line(self.image, (x0, y0), (x1, y1), (*colour, 255), width)


def _car(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    dark = scale_colour(colour, 0.6)
    brush.poly([(0.2, 0.42), (0.32, 0.06), (0.72, 0.06), (0.86, 0.42)], dark)
    brush.poly([(0.25, 0.4), (0.35, 0.12), (0.5, 0.12), (0.5, 0.4)], (150, 136, 120))
    brush.poly([(0.54, 0.4), (0.54, 0.12), (0.69, 0.12), (0.79, 0.4)], (140, 126, 112))
    hood = [(0.01, 0.5), (0.1, 0.4), (0.92, 0.38), (0.99, 0.5)]
    brush.poly([*hood, (0.99, 0.82), (0.01, 0.82)], colour)
    brush.box(0.02, 0.68, 0.98, 0.72, dark)
    brush.box(0.01, 0.5, 0.06, 0.58, (170, 220, 240))
    for x in (0.22, 0.78):
        brush.disc(x, 0.8, 0.085, _BLACK)
        brush.disc(x, 0.8, 0.045, (150, 150, 152))


def _bush(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    for _ in range(170):
        x, y = np.clip(rng.normal((0.5, 0.6), (0.2, 0.22)), 0.1, 0.95)
        y = max(y, 0.12 + 0.9 * (x - 0.5) ** 2)
        brush.disc(x, y, rng.uniform(0.02, 0.06), scale_colour(_GREEN, rng.uniform(0.5, 1.3)))
    brush.box(0.15, 0.75, 0.85, 1, scale_colour(_GREEN, 0.75))


def _bin(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    dark = scale_colour(colour, 0.6)
    brush.poly([(0.05, 0.1), (0.95, 0.1), (0.86, 1), (0.14, 1)], colour)
    for x in (0.25, 0.42, 0.58, 0.75):
        brush.line((x, 0.15), (0.5 + 0.85 * (x - 0.5), 0.98), dark, 0.008)
    brush.box(0, 0.02, 1, 0.13, dark)


def _bench(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    for y in (0.02, 0.2, 0.44, 0.56):
        brush.box(0, y, 1, y + 0.13, scale_colour((62, 96, 138), rng.uniform(0.8, 1.1)))
    for x in (0.08, 0.88):
        brush.box(x, 0, x + 0.05, 1, _GREY)


def _bicycle(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    rear, front, saddle, fork, pedals = (
        (0.22, 0.68),
        (0.78, 0.68),
        (0.4, 0.3),
        (0.68, 0.28),
        (0.5, 0.7),
    )
    for x, y in (rear, front):
        brush.disc(x, y, 0.155, _BLACK, ring=0.022)
        for angle in np.arange(0, math.pi, math.pi / 4):
            spoke = 0.15 * brush.height / brush.scale * (math.cos(angle), math.sin(angle))
            brush.line((x - spoke[0], y - spoke[1]), (x + spoke[0], y + spoke[1]), _GREY, 0.004)
    for tube in ((rear, saddle), (saddle, fork), (saddle, pedals), (pedals, fork), (rear, pedals)):
        brush.line(*tube, colour, 0.024)
    brush.line((0.64, 0.12), front, colour, 0.024)
    brush.line((0.33, 0.22), (0.46, 0.22), _BLACK, 0.035)
    brush.line((0.58, 0.12), (0.7, 0.1), _BLACK, 0.025)
    brush.box(0.72, 0.16, 0.96, 0.42, scale_colour(colour, 0.6))


def _suitcase(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    for x in (0.2, 0.72):
        brush.box(x, 0, x + 0.08, 0.3, _GREY)
    brush.box(0.2, 0, 0.8, 0.04, _GREY)
    brush.box(0.04, 0.26, 0.96, 0.97, colour)
    for y in (0.38, 0.55, 0.72, 0.88):
        brush.box(0.04, y, 0.96, y + 0.03, scale_colour(colour, 0.6))


def _fence(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    for x in np.arange(0.01, 1, 0.065):
        brush.box(x, 0.03, x + 0.042, 1, scale_colour(colour, rng.uniform(0.85, 1.1)))
    for y in (0.14, 0.6):
        brush.box(0, y, 1, y + 0.07, scale_colour(colour, 0.6))


def _board(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    brush.box(0, 0, 1, 1, colour)
    for x in np.arange(-0.4, 1, 0.36):
        brush.poly([(x, 0.3), (x + 0.16, 0.3), (x + 0.34, 0), (x + 0.18, 0)], (60, 60, 200))
    brush.box(0.1, 0.42, 0.9, 0.75, scale_colour(colour, 1.35))
    for y in (0.5, 0.6):
        brush.box(0.18, y, 0.8, y + 0.04, scale_colour(colour, 0.6))


def _pillar(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    brush.box(0, 0, 1, 1, colour)
    for y in np.arange(0.05, 1, 0.11):
        brush.box(0, y, 1, y + 0.012, scale_colour(colour, 0.6))


def _tree(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    brush.poly([(0.36, 0.1), (0.62, 0.1), (0.72, 1), (0.28, 1)], _BARK)
    for _ in range(24):
        x, y = rng.uniform((0.34, 0.2), (0.62, 0.95))
        brush.line((x, y), (x + 0.02, y + 0.05), scale_colour(_BARK, 0.75), 0.008)
    for _ in range(90):
        x, y = rng.normal((0.5, 0.12), (0.2, 0.1))
        brush.disc(x, y, rng.uniform(0.02, 0.06), scale_colour(_GREEN, rng.uniform(0.5, 1.3)))


def _umbrella(brush: Brush, colour: BGR, rng: np.random.Generator) -> None:
    brush.line((0.5, 0.1), (0.5, 0.98), (60, 60, 60), 0.012)
    rim = np.linspace(math.pi, 2 * math.pi, 33)
    arc = np.stack([0.5 + 0.49 * np.cos(rim), 0.54 + 0.5 * np.sin(rim)], 1)
    for panel in range(4):
        points = [(0.5, 0.54), *arc[8 * panel : 8 * panel + 9]]
        brush.poly(points, scale_colour(colour, 0.7) if panel % 2 else colour)


class Kind(NamedTuple):
    """A kind of object: ``entry`` is where it comes into the picture from."""

    draw: Callable[[Brush, BGR, np.random.Generator], None]
    entry: str
    size: tuple[float, float]  # height and width as shares of the picture's height


OBJECTS = {
    'car': Kind(_car, 'below', (0.5, 1.25)),
    'bush': Kind(_bush, 'below', (0.6, 0.8)),
    'bin': Kind(_bin, 'below', (0.55, 0.34)),
    'bench': Kind(_bench, 'below', (0.4, 0.8)),
    'bicycle': Kind(_bicycle, 'below', (0.5, 0.85)),
    'suitcase': Kind(_suitcase, 'below', (0.5, 0.3)),
    'fence': Kind(_fence, 'below', (0.62, 1.2)),
    'board': Kind(_board, 'below', (0.62, 0.75)),
    'pillar': Kind(_pillar, 'side', (1.25, 0.2)),
    'tree': Kind(_tree, 'side', (1.25, 0.6)),
    'umbrella': Kind(_umbrella, 'above', (0.5, 0.62)),
}


def make_object(rng: np.random.Generator, kind: str, height: int) -> np.ndarray:
    """Draw an object for canvases of ``height`` pixels, ``(h, w, 4)`` with alpha 0 or 255."""
    brush = Brush(height, OBJECTS[kind].size)
    OBJECTS[kind].draw(brush, tint(rng), rng)
    image = brush.image
    h, w = image.shape[:2]
    light = np.linspace(1.12, 0.9, h)[:, None] * np.linspace(1.06, 0.88, w)[None]
    image[..., :3] = np.clip(image[..., :3] * light[..., None], 0, 255)
    return image
