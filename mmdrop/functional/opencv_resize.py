"""OpenCV's bilinear resizing of bytes, bit for bit, in operations that export."""

import torch
from torch import Tensor

# OpenCV interpolates bytes in integers: weights have 11 bits, sums lose 4 bits between the two
# directions and 18 behind them (modules/imgproc/src/resize.cpp, HResizeLinear, VResizeLinear).
_ONE = 2**11


def resize_like_opencv(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize ``(N, H, W, C)`` bytes to ``(N, h, w, C)`` as ``cv2.resize`` does with INTER_LINEAR.

    A network that was trained on images resized by OpenCV sees the same ones.  H and W may be
    unknown while a graph is exported.

    Args:
        images: Uint8.
        size: h and w.

    Returns:
        Uint8 ``(N, h, w, C)``.

    Raises:
        TypeError: The images are not uint8.
    """
    if images.dtype != torch.uint8:
        raise TypeError(f'images must be uint8, got {images.dtype}')
    height, width = size
    top, bottom, upper, lower = _neighbours(images, 1, height)
    left, right, near, far = _neighbours(images, 2, width, one_at_border=True)
    values = images.int()
    rows = [
        _shift_right(
            row.index_select(2, left) * near[:, None] + row.index_select(2, right) * far[:, None], 4
        )
        for row in (values.index_select(1, top), values.index_select(1, bottom))
    ]  # (N, h, w, C) each
    weights = upper[:, None, None], lower[:, None, None]
    total = sum(_shift_right(row * w, 16) for row, w in zip(rows, weights, strict=True))
    return _shift_right(total + 2, 2).clamp(0, 255).to(torch.uint8)


def _neighbours(
    images: Tensor, dim: int, target: int, one_at_border: bool = False
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Indices of the two pixels of each new one, and their weights, int32 ``(target,)``.

    At a border OpenCV takes one pixel from left to right, and the same pixel twice from top to
    bottom, where each is rounded.
    """
    source = torch.full((1,), images.shape[dim], dtype=torch.float64, device=images.device)
    place = torch.arange(target, dtype=torch.float64, device=images.device)
    place = ((place + 0.5) * (source / target) - 0.5).float()
    first, last = place.floor(), source.float() - 1
    fraction = place - first
    if one_at_border:
        outside = (first < 0) | (first >= last)
        fraction = torch.where(outside, torch.zeros_like(fraction), fraction)
    second = torch.minimum((first + 1).clamp(min=0), last)
    first = torch.minimum(first.clamp(min=0), last)
    far = (fraction * _ONE).round().int()
    near = ((1 - fraction) * _ONE).round().int()
    return first.long(), second.long(), near, far


def _shift_right(x: Tensor, bits: int) -> Tensor:
    """Of numbers that are not negative."""
    return torch.div(x, 2**bits, rounding_mode='floor')
