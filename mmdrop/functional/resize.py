"""Resizing of feature maps and of label maps."""

import torch
import torch.nn.functional as F
from torch import Tensor


def resize_bilinear(x: Tensor, size: tuple[int, int], align_corners: bool = False) -> Tensor:
    """Resize maps ``(B, C, h, w)`` to ``(B, C, H, W)``, as ``F.interpolate`` does.

    On a CPU the two directions are matrix products with the interpolation weights: many channels
    of few pixels are then resized, and their gradients brought back, several times as fast.

    >>> resize_bilinear(torch.tensor([[[[0.0, 2.0]]]]), (1, 3), align_corners=True)
    tensor([[[[0., 1., 2.]]]])
    """
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    exported = torch.compiler.is_exporting() or torch.jit.is_tracing()
    if x.device.type != 'cpu' or exported:  # an exported graph is not for this CPU
        return F.interpolate(x, size, mode='bilinear', align_corners=align_corners)
    rows, columns = (
        _weights(x, n, m, align_corners) for n, m in zip(x.shape[-2:], size, strict=True)
    )
    return rows @ (x.contiguous() @ columns.T)


def resize_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize index maps ``(B, H, W)`` to ``(B, h, w)`` long: the label at each pixel's centre.

    >>> resize_labels(torch.tensor([[[0, 1, 2, 3, 4, 5]]]), (1, 2))
    tensor([[[1, 4]]])
    """
    return F.interpolate(labels[:, None].float(), size, mode='nearest-exact')[:, 0].long()


def _weights(x: Tensor, source: int, target: int, align_corners: bool) -> Tensor:
    """Interpolation weights ``(target, source)`` in the dtype of ``x``."""
    identity = torch.eye(source, device=x.device)[None]
    weights = F.interpolate(identity, target, mode='linear', align_corners=align_corners)
    return weights[0].T.to(x.dtype)
