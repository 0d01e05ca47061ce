"""Objects whose pixels are the same with every version of OpenCV.

OpenCV's polygons and thin slanted lines have changed between releases, so a benchmark that is
drawn anew on each machine cannot use them.
"""

import numpy as np

from mmdrop.datasets.rendering.colours import BGR, tint
from mmdrop.datasets.rendering.objects import OBJECTS, Brush


class ExactBrush(Brush):
    """Draws with whole numbers: a pixel belongs to a shape or not, by an exact inequality."""

    def poly(self, points: list[tuple[float, float]], colour: BGR) -> None:
        """Fill a convex polygon, its edges included."""
        corners = (np.array(points, np.float32) * self.scale).astype(np.int64)
        following = np.roll(corners, -1, axis=0)
        twice_area = (corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]).sum()
        if twice_area < 0:
            corners, following = following, corners
        rows, columns, y, x = self._grid(*corners.min(0).tolist(), *corners.max(0).tolist())
        inside = np.ones((y.size, x.size), bool)
        for (x0, y0), (x1, y1) in zip(corners.tolist(), following.tolist(), strict=True):
            inside &= (x1 - x0) * (y - y0) >= (y1 - y0) * (x - x0)
        self.image[rows, columns][inside] = (*colour, 255)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: BGR) -> None:
        """Fill a rectangle, its edges included."""
        corners = (np.array([(x0, y0), (x1, y1)], np.float32) * self.scale).astype(np.int64)
        (left, top), (right, bottom) = corners.tolist()
        rows, columns, *_ = self._grid(left, top, right, bottom)
        self.image[rows, columns] = (*colour, 255)

    def disc(self, x: float, y: float, radius: float, colour: BGR, ring: float = 0) -> None:
        """Fill a disc, or draw a ring of thickness ``ring``."""
        # Numbers of Python: with a float32 scalar NumPy 1 and 2 multiply in different precision.
        width, height = self.scale.tolist()
        x0, y0, r = int(float(x) * width), int(float(y) * height), int(radius * self.height)
        thickness = max(1, int(ring * self.height)) if ring else 0
        reach = r + thickness
        rows, columns, ys, xs = self._grid(x0 - reach, y0 - reach, x0 + reach, y0 + reach)
        squared = 4 * ((xs - x0) ** 2 + (ys - y0) ** 2)
        inside = squared <= (2 * r + thickness) ** 2
        if thickness:
            inside &= squared >= max(0, 2 * r - thickness) ** 2
        self.image[rows, columns][inside] = (*colour, 255)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], colour: BGR, thickness: float
    ) -> None:
        """Draw a line with round ends."""
        (x0, y0), (x1, y1) = (np.array((start, end)) * self.scale).astype(int).tolist()
        width = max(1, int(thickness * self.height))
        low, high = (min(x0, x1) - width, min(y0, y1) - width), (max(x0, x1), max(y0, y1))
        rows, columns, y, x = self._grid(*low, high[0] + width, high[1] + width)
        dx, dy = x1 - x0, y1 - y0
        squared = dx * dx + dy * dy
        along = (x - x0) * dx + (y - y0) * dy  # 0 at the start, ``squared`` at the end
        across = (x - x0) * dy - (y - y0) * dx
        inside = (along >= 0) & (along <= squared) & (4 * across**2 <= width**2 * squared)
        for x_end, y_end in ((x0, y0), (x1, y1)):
            inside |= 4 * ((x - x_end) ** 2 + (y - y_end) ** 2) <= width**2
        self.image[rows, columns][inside] = (*colour, 255)

    def _grid(
        self, left: int, top: int, right: int, bottom: int
    ) -> tuple[slice, slice, np.ndarray, np.ndarray]:
        """Part of the image between two corners: slices, and coordinates ``(h, 1)``, ``(1, w)``."""
        y0, x0 = max(0, top), max(0, left)
        y1 = max(y0, min(self.image.shape[0], bottom + 1))
        x1 = max(x0, min(self.image.shape[1], right + 1))
        y, x = np.arange(y0, y1)[:, None], np.arange(x0, x1)[None]
        return slice(y0, y1), slice(x0, x1), y, x


def make_exact_object(rng: np.random.Generator, kind: str, height: int) -> np.ndarray:
    """Draw an object for pictures of ``height`` pixels, ``(h, w, 4)`` with alpha 0 or 255."""
    brush = ExactBrush(height, OBJECTS[kind].size)
    OBJECTS[kind].draw(brush, tint(rng), rng)
    h, w = brush.image.shape[:2]
    # Lit from the upper left; in 128ths.
    light = 150 - 28 * np.arange(h)[:, None] // h - 20 * np.arange(w)[None] // w
    lit = brush.image[..., :3] * light[..., None] >> 7
    brush.image[..., :3] = lit.clip(0, 255)
    return brush.image
