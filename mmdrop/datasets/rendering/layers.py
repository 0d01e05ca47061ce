"""Laying one picture over another, and finding where."""

import math

import cv2
import numpy as np

from mmdrop.datasets.rendering.sprites import Sprite


def paste(canvas: np.ndarray, layer: np.ndarray, left: int, top: int, value: int) -> None:
    """Lay ``layer`` over ``canvas``, both ``(h, w, 4)``, in place, and write label ``value``."""
    x0, y0 = max(0, left), max(0, top)
    x1 = min(canvas.shape[1], left + layer.shape[1])
    y1 = min(canvas.shape[0], top + layer.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    patch = layer[y0 - top : y1 - top, x0 - left : x1 - left].copy()
    mask = cv2.threshold(cv2.extractChannel(patch, 3), 127, 255, cv2.THRESH_BINARY)[1]
    patch[..., 3] = value
    area = canvas[y0:y1, x0:x1]
    cv2.copyTo(patch, mask, area)


def stamp(
    canvas: np.ndarray,
    sprite: Sprite,
    start: tuple[float, float],
    end: tuple[float, float],
    zoom: float,
    value: int | None,
    shade: float = 1.0,
) -> None:
    """Draw ``sprite`` from ``start`` to ``end`` into ``canvas`` ``(H, W, 4)``, in place.

    Args:
        canvas: BGR and label.
        sprite: The part.
        start: Where the sprite's origin goes, (x, y) in pixels.
        end: Where its bone ends.
        zoom: Factor across the bone; negative mirrors the sprite.
        value: Label to write; ``None`` leaves the labels below as they are.
        shade: Factor of the colours, at most 1.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    # A limb that points at the camera is never thinner than a third of its length.
    length = max(math.hypot(dx, dy), 1e-3)
    stretch = max(length, 0.33 * sprite.length * abs(zoom)) / length
    ax, ay = dy / length * zoom, -dx / length * zoom
    bx, by = dx * stretch / sprite.length, dy * stretch / sprite.length
    tx, ty = start[0] - ax * sprite.x - bx * sprite.y, start[1] - ay * sprite.x - by * sprite.y
    rows, cols = sprite.image.shape[:2]
    left = max(0, math.floor(tx + min(0, ax * cols) + min(0, bx * rows)))
    right = min(canvas.shape[1], math.ceil(tx + max(0, ax * cols) + max(0, bx * rows)) + 1)
    top = max(0, math.floor(ty + min(0, ay * cols) + min(0, by * rows)))
    bottom = min(canvas.shape[0], math.ceil(ty + max(0, ay * cols) + max(0, by * rows)) + 1)
    if right <= left or bottom <= top:
        return
    matrix = np.array([[ax, bx, tx - left], [ay, by, ty - top]])
    patch = cv2.warpAffine(sprite.image, matrix, (right - left, bottom - top))
    mask = cv2.threshold(cv2.extractChannel(patch, 3), 127, 255, cv2.THRESH_BINARY)[1]
    if shade < 1:
        patch = cv2.convertScaleAbs(patch, alpha=shade)
    area = canvas[top:bottom, left:right]
    patch[..., 3] = area[..., 3] if value is None else value
    cv2.copyTo(patch, mask, area)


def place(
    body: np.ndarray, layer: np.ndarray, entry: str, share: float, rng: np.random.Generator
) -> tuple[int, int]:
    """Find where ``layer`` covers ``share`` of the body.

    Args:
        body: Labels ``(H, W)``; the body is what is not 0.
        layer: Object ``(h, w, 4)`` with alpha.
        entry: ``'below'``, ``'side'`` or ``'above'``.
        share: Wanted share of the body's area, in [0, 1].
        rng: Draws the free coordinate.

    Returns:
        left and top of the layer, in pixels.
    """
    step = max(1, len(body) // 64)  # coarse is exact enough for a choice
    person = (body[::step, ::step] > 0).astype(np.float32)
    mask = (layer[::step, ::step, 3] > 127).astype(np.float32)
    height, width = person.shape
    h, w = mask.shape
    padded = cv2.copyMakeBorder(person, h, h, w, w, cv2.BORDER_CONSTANT)
    columns = np.flatnonzero(person.any(0))
    middle = (columns[0] + columns[-1]) // 2 if len(columns) else width // 2

    def closest(strip: np.ndarray, usable: np.ndarray) -> int:
        covered = cv2.matchTemplate(strip, mask, cv2.TM_CCORR).ravel() / max(person.sum(), 1)
        return int(np.where(usable, np.abs(covered - share), np.inf).argmin())

    if entry == 'side':
        y = min(height - h + int(rng.integers(0, 3)), height)
        from_left = np.arange(-w, width + 1) < middle - w // 2
        usable = from_left if rng.random() < 0.5 else ~from_left
        x = closest(padded[y + h : y + 2 * h], usable) - w
    else:
        spread = max(2, min(w // 2, 10))
        x = int(middle - w // 2 + rng.integers(-spread, spread + 1))
        x = min(max(x, -w), width)
        y = np.arange(-h, height + 1)
        usable = y + h >= 0.97 * height if entry == 'below' else y <= 0.15 * height
        y = closest(padded[:, x + w : x + 2 * w], usable) - h
    return x * step, y * step
