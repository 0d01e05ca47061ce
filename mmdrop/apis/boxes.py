"""Boxes of people in an image, as detectors give them: x and y of two corners, in pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

BoxesInput = np.ndarray | Sequence[Sequence[float]]


def looks_like_boxes(value: Any) -> bool:
    """Whether it is boxes and not an image: four numbers a row, and no bytes."""
    if hasattr(value, 'detach'):  # a tensor, which is no image here
        return value.ndim == 2 and value.shape[-1] == 4
    if isinstance(value, np.ndarray):
        return value.ndim == 2 and value.shape[1] == 4 and value.dtype != np.uint8
    if isinstance(value, list | tuple):
        return all(
            isinstance(row, list | tuple | np.ndarray)
            and len(row) == 4
            and all(np.isscalar(x) and not isinstance(x, str) for x in row)
            for row in value
        )
    return False


def as_boxes(boxes: Any, name: str) -> np.ndarray:
    """Boxes as float64 ``(N, 4)``.

    Args:
        boxes: Array, tensor or lists of x1, y1, x2, y2.
        name: Of the image, for the message.

    Raises:
        ValueError: They hold NaN or infinity, or a corner lies left of or above its opposite.
    """
    boxes = boxes.detach().cpu().numpy() if hasattr(boxes, 'detach') else boxes
    array = np.asarray(boxes, np.float64).reshape(-1, 4)
    if not np.isfinite(array).all():
        raise ValueError(f'{name}: boxes hold NaN or infinity')
    turned = (array[:, 2:] < array[:, :2]).any(1)
    if turned.any():
        raise ValueError(
            f'{name}: box {turned.argmax()} is {array[turned.argmax()].tolist()}, and a box is x1, '
            'y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2; is it x, y, width, height?'
        )
    return array


def crop(image: np.ndarray, box: np.ndarray, name: str) -> np.ndarray:
    """The pixels that a box touches, ``(h, w, 3)``; what lies outside the image is left out.

    Raises:
        OSError: It touches none: it lies outside, or its width or height is 0.
    """
    height, width = image.shape[:2]
    left, top = np.floor(box[:2]).clip(0).astype(int)
    right, bottom = np.minimum(np.ceil(box[2:]), (width, height)).astype(int)
    if box[0] == box[2] or box[1] == box[3]:
        raise OSError(f'{name}: the box {box.tolist()} has no area')
    if left >= right or top >= bottom:
        raise OSError(
            f'{name}: the box {box.tolist()} lies outside the image, {width} × {height} pixels'
        )
    return image[top:bottom, left:right]
