"""One rendered image: a camera's background, the pedestrian, and what stands in front."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from mmdrop.datasets.rendering.appearance import Appearance
from mmdrop.datasets.rendering.camera import Camera
from mmdrop.datasets.rendering.figure import Figure
from mmdrop.datasets.rendering.layers import paste, place
from mmdrop.datasets.rendering.objects import OBJECTS, make_object
from mmdrop.datasets.rendering.pose import Pose

# Independent streams of random numbers under one seed.
_CAMERA, _OBJECT, _IDENTITY, _IMAGE = range(4)
_BYSTANDERS = 32  # other pedestrians are the first identities of the same crowd
_KEPT_FIGURES = 256


class Rendering(NamedTuple):
    """A rendered image with its exact label.

    ``image`` is ``(H, W, 3)`` uint8 BGR; ``parts`` ``(H, W)`` uint8 indexes ``FINE_PARTS`` where
    the pedestrian is visible; ``covered`` is the share of its area in the picture that something
    hides.
    """

    image: np.ndarray
    parts: np.ndarray
    covered: float


class Street:
    """Renders images; each is a function of the arguments alone.

    Args:
        seed: Seed of everything.
        crowd: Number of the stream that identities come from; two crowds share the cameras and
            neither persons nor objects.
        image_size: Height and width of an image.
        num_cameras: Number of cameras.
    """

    def __init__(self, seed: int, crowd: int, image_size: tuple[int, int], num_cameras: int):
        self.seed = seed
        self.crowd = crowd
        self.image_size = image_size
        height = 2 * image_size[0]
        self.cameras = [
            Camera.draw(self._rng(_CAMERA, index), index, image_size)
            for index in range(num_cameras)
        ]
        rng = self._rng(_OBJECT, crowd)
        self.objects = {
            kind: [make_object(rng, kind, height) for _ in range(5)] for kind in OBJECTS
        }
        self._figures: dict[int, Figure] = {}

    def appearance(self, identity: int) -> Appearance:
        """Appearance of the crowd's identity number ``identity``."""
        return Appearance.draw(self._rng(_IDENTITY, self.crowd, identity))

    def render(
        self,
        identity: int,
        index: int,
        camera: int,
        covered: tuple[float, float] | None = None,
        yaw: float | None = None,
    ) -> Rendering:
        """Render image number ``index`` of an identity.

        Args:
            identity: Number of the identity in the crowd.
            index: Number of the image; it changes pose, place and everything else that varies.
            camera: Number of the camera.
            covered: Lowest and highest share of the person to hide; ``None`` hides nothing.
            yaw: Viewpoint in radians, 0 front and π back; by default the camera's choice.
        """
        rng = self._rng(_IMAGE, self.crowd, identity, index)
        view = self.cameras[camera]
        height, width = 2 * self.image_size[0], 2 * self.image_size[1]
        left = int(rng.random() * (view.panorama.shape[1] - width))
        canvas = view.panorama[:, left : left + width].copy()
        feet = width * rng.uniform(0.43, 0.57), height * rng.uniform(0.92, 0.97)
        size = height * view.zoom * rng.uniform(0.93, 1.05)
        if rng.random() < 0.3:  # a passer-by further away
            side = width * rng.choice((-1, 1)) * rng.uniform(0.25, 0.5)
            behind = feet[0] + side, feet[1] - height * rng.uniform(0.03, 0.1)
            self._draw(canvas, self._other(rng, identity), behind, 0.85 * size, view, rng, 0)
        ground = canvas[int(feet[1] - 0.04 * size) :]
        shadow = ground.copy()
        centre, axes = (int(feet[0]), int(0.035 * size)), (int(0.17 * size), int(0.035 * size))
        cv2.ellipse(shadow, centre, axes, 0, 0, 360, (20, 20, 20, 0), -1)
        cv2.addWeighted(shadow, 0.45, ground, 0.55, 0, ground)
        self._draw(canvas, identity, feet, size, view, rng, None, yaw)
        hidden = 0.0
        if covered is not None:
            canvas, hidden = self._occlude(canvas, identity, feet, size, view, rng, covered)
        return Rendering(view.expose(canvas, rng), canvas[::2, ::2, 3].copy(), hidden)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=stream))

    def _other(self, rng: np.random.Generator, identity: int) -> int:
        other = int(rng.integers(0, _BYSTANDERS))
        return other if other != identity else _BYSTANDERS

    def _figure(self, identity: int) -> Figure:
        figure = self._figures.pop(identity, None)
        if figure is None:
            figure = Figure(self.appearance(identity), unit=1.8 * self.image_size[0])
        self._figures[identity] = figure  # the last one used is the last one to go
        if len(self._figures) > _KEPT_FIGURES:
            del self._figures[next(iter(self._figures))]
        return figure

    def _draw(
        self,
        canvas: np.ndarray,
        identity: int,
        feet: tuple[float, float],
        size: float,
        view: Camera,
        rng: np.random.Generator,
        solid: int | None,
        yaw: float | None = None,
    ) -> None:
        drawn = rng.choice(4, p=view.views) * math.pi / 2 + rng.normal(0, 0.3)
        pose = Pose.draw(rng, float(drawn if yaw is None else yaw))
        self._figure(identity).draw(canvas, pose, feet, size, view.pitch, solid)

    def _occlude(
        self,
        canvas: np.ndarray,
        identity: int,
        feet: tuple[float, float],
        size: float,
        view: Camera,
        rng: np.random.Generator,
        covered: tuple[float, float],
    ) -> tuple[np.ndarray, float]:
        """Put something in front; return the new canvas and the share that it hides."""
        lowest, highest = covered
        margin = 0.1 * (highest - lowest)
        wanted = rng.uniform(lowest + margin, highest - margin)
        body = canvas[::2, ::2, 3] > 0
        for attempt in range(9):
            if attempt == 8:  # a wide board reaches every share
                layer, entry = self.objects['board'][0], 'below'
            elif rng.random() < 0.4:
                layer, entry = self._passer_by(canvas, identity, size, view, rng), 'side'
            else:
                kind = str(rng.choice(tuple(OBJECTS)))
                layer, entry = self.objects[kind][rng.integers(5)], OBJECTS[kind].entry
                layer = layer[:, ::-1] if rng.random() < 0.5 else layer
            result = canvas.copy()
            left, top = place(canvas[..., 3], layer, entry, wanted, rng)
            paste(result, layer, left, top, 0)
            hidden = 1 - np.count_nonzero(body & (result[::2, ::2, 3] > 0)) / max(1, body.sum())
            if lowest <= hidden <= highest:
                break
        return result, float(hidden)

    def _passer_by(
        self,
        canvas: np.ndarray,
        identity: int,
        size: float,
        view: Camera,
        rng: np.random.Generator,
    ) -> np.ndarray:
        height, width = canvas.shape[:2]
        layer = np.zeros((height, width, 4), np.uint8)
        size *= rng.uniform(1.05, 1.2)
        feet = width / 2, height * rng.uniform(0.97, 1.08)
        self._draw(layer, self._other(rng, identity), feet, size, view, rng, 255)
        return layer
