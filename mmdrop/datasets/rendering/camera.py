"""Cameras: viewpoint, background, colours, blur and noise.

All drawing happens on canvases of twice the output size; reducing them smooths the edges.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mmdrop.datasets.rendering.scenes import paint_scene


@dataclass(frozen=True)
class Camera:
    """What one camera does to every image that it takes.

    ``zoom`` is the mean height of a person as a share of the image's, ``pitch`` how steeply it
    looks down, ``views`` the probability of front, right, back and left views, ``panorama`` the
    background ``(2H, w, 4)``, ``curve`` colour cast, gain and contrast as ``(1, 256, 3)`` look-up
    table, ``blur`` the Gaussian's sigma in output pixels, ``noise`` an int16 tile ``(h, w, 3)``.
    """

    zoom: float
    pitch: float
    views: np.ndarray
    panorama: np.ndarray
    curve: np.ndarray
    blur: float
    noise: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, index: int, image_size: tuple[int, int]) -> 'Camera':
        """Draw camera ``index`` for images of ``image_size`` (height, width)."""
        height, width = image_size
        values = np.arange(256)[None, :, None] / 255
        gain = rng.uniform(0.9, 1.15) * rng.uniform(0.91, 1.09, 3)
        curve = gain * values ** rng.uniform(0.9, 1.15) + rng.uniform(0, 0.05)
        zoom, pitch = rng.uniform(0.79, 0.86), rng.uniform(0.12, 0.3)
        blur, grain = rng.uniform(0.3, 0.75) * height / 128, rng.uniform(1.5, 5)
        views = rng.dirichlet((1.5, 1.5, 1.5, 1.5))
        panorama = paint_scene(rng, index, 2 * height, 10 * width)
        noise = rng.normal(0, grain, (height + 48, width + 48, 3)).astype(np.int16)
        curve = np.clip(255 * curve, 0, 255).astype(np.uint8)
        return cls(zoom, pitch, views, panorama, curve, blur, noise)

    def expose(self, canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Turn a canvas ``(2H, 2W, 4)`` into the camera's image ``(H, W, 3)``."""
        height, width = canvas.shape[0] // 2, canvas.shape[1] // 2
        image = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
        image = cv2.GaussianBlur(image, (0, 0), self.blur)
        image = cv2.LUT(image, self.curve)
        top, left = rng.integers(0, 48, 2)
        noise = self.noise[top : top + height, left : left + width]
        return cv2.add(image, noise, dtype=cv2.CV_8U)
