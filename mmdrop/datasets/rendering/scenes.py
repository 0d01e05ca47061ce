"""Backgrounds: wide pictures, of which each image shows a piece."""

import math

import cv2
import numpy as np

from mmdrop.datasets.rendering.colours import BGR, scale_colour, tint
from mmdrop.datasets.rendering.layers import paste
from mmdrop.datasets.rendering.objects import make_object

_CLUTTER = ('bin', 'bush', 'bicycle', 'suitcase', 'board', 'bench', 'fence')


class _Scene:
    """A picture with a horizon; ``step`` is a sixteenth of its height."""

    def __init__(self, rng: np.random.Generator, height: int, width: int):
        self.rng = rng
        self.step = height / 16
        self.height, self.width = height, width
        self.horizon = int(height * rng.uniform(0.6, 0.78))
        self.wall, self.ground = tint(rng, 80, 190, 16), tint(rng, 90, 170, 9)
        self.image = np.zeros((height, width, 4), np.uint8)
        self.image[: self.horizon, :, :3] = self.wall
        self.image[self.horizon :, :, :3] = self.ground

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: BGR, edge: int = -1) -> None:
        """Fill a rectangle in pixels, or draw its edge."""
        cv2.rectangle(self.image, (int(x0), int(y0)), (int(x1), int(y1)), colour, edge)

    def courses(self, top: int, bottom: int, width: float, jitter: float, colour: BGR) -> None:
        """Lay bricks, tiles or slabs, ``width`` in steps."""
        step = self.step
        for row in range(math.ceil((bottom - top) / step)):
            y = top + row * step
            for x in np.arange(-(row % 2) * width / 2 * step, self.width, width * step):
                shade = scale_colour(colour, self.rng.uniform(1 - jitter, 1 + jitter))
                end = min(y + step, bottom)
                self.box(x + 0.1 * step + 1, y + 0.1 * step, x + width * step, end, shade)

    def pave(self) -> None:
        self.courses(self.horizon, self.height, 4, 0.06, self.ground)

    def leaves(self, number: int, centre: float) -> None:
        rng, horizon = self.rng, self.horizon
        for _ in range(number):
            y = horizon * np.clip(rng.normal(centre, 0.25), 0, 1)
            green = scale_colour((60, 112, 78), rng.uniform(0.5, 1.25))
            at = int(rng.uniform(0, self.width)), int(y)
            cv2.circle(self.image, at, int(rng.uniform(0.5, 1.4) * self.step), green, -1)


def _bricks(scene: _Scene) -> None:
    scene.courses(0, scene.horizon, 2.4, 0.12, (78, 96, 150))
    scene.pave()


def _park(scene: _Scene) -> None:
    scene.image[: scene.horizon, :, :3] = (196, 178, 160)
    scene.image[scene.horizon :, :, :3] = (74, 118, 96)
    scene.leaves(420, 0.3)
    for x in scene.rng.uniform(0, scene.width, 8):
        low = scene.horizon + 0.5 * scene.step
        scene.box(x, 0.2 * scene.height, x + scene.step, low, (58, 76, 96))


def _shop(scene: _Scene) -> None:
    rng, step = scene.rng, scene.step
    for x in np.arange(0, scene.width, 9 * step):
        frame, glass = tint(rng, spread=24), tint(rng, 50, 110, 12)
        scene.box(x, 0, x + 9 * step, scene.horizon, frame)
        scene.box(x + step, 3 * step, x + 8 * step, scene.horizon - step, glass)
        for stripe in range(9):
            shade = frame if stripe % 2 else (235, 235, 235)
            scene.box(x + stripe * step, step, x + (stripe + 1) * step, 2.6 * step, shade)
        for _ in range(5):
            at = int(x + rng.uniform(2, 7) * step), int(rng.uniform(5, 9) * step)
            cv2.circle(scene.image, at, int(rng.uniform(0.4, 1) * step), tint(rng), -1)
    scene.pave()


def _road(scene: _Scene) -> None:
    rng, step, horizon = scene.rng, scene.step, scene.horizon
    for x in np.arange(0, scene.width, 5 * step):
        for y in np.arange(0, horizon - 4 * step, 4 * step):
            glass = tint(rng, 50, 120, 10)
            scene.box(x + step, y + step, x + 4 * step, y + 3.4 * step, glass)
    scene.image[horizon:, :, :3] = (104, 104, 102)
    for x in np.arange(0, scene.width, 22 * step):
        car = make_object(rng, 'car', int(0.75 * scene.height))
        paste(scene.image, car, int(x), horizon - int(0.7 * car.shape[0]), 0)


def _tiles(scene: _Scene) -> None:
    scene.courses(0, scene.horizon, 1.6, 0.05, scene.wall)
    for x in scene.rng.uniform(0, scene.width, 7):
        poster = x, 0.12 * scene.height, x + 4 * scene.step, 0.5 * scene.height
        scene.box(*poster, tint(scene.rng))
        scene.box(*poster, (60, 60, 60), edge=2)
    scene.pave()


def _hedge(scene: _Scene) -> None:
    scene.image[: scene.horizon, :, :3] = (196, 178, 160)
    scene.leaves(420, 0.75)
    scene.pave()


SCENES = (_bricks, _park, _shop, _road, _tiles, _hedge)


def paint_scene(rng: np.random.Generator, kind: int, height: int, width: int) -> np.ndarray:
    """Paint scene number ``kind``, ``(height, width, 4)`` with label 0."""
    scene = _Scene(rng, height, width)
    SCENES[kind % len(SCENES)](scene)
    foot = scene.horizon + 0.25 * scene.step
    scene.box(0, scene.horizon, width, foot, scale_colour(scene.wall, 0.6))
    for x in rng.uniform(0, width, 9):
        thing = make_object(rng, str(rng.choice(_CLUTTER)), round(height * rng.uniform(0.4, 0.75)))
        paste(scene.image, thing, int(x), int(foot + 0.35 * scene.step) - thing.shape[0], 0)
    image = cv2.GaussianBlur(scene.image, (0, 0), height / 256)
    light = np.linspace(1.1, 0.85, height)[:, None, None] * np.ones((1, width, 1))
    light *= cv2.resize(rng.uniform(0.85, 1.12, (3, 24)), (width, height))[..., None]
    image[..., :3] = np.clip(0.85 * image[..., :3] * light + 18, 0, 255)
    return image
