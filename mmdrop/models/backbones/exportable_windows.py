"""Window attention of mmpretrain's Swin that can be exported with a batch of any size."""

from mmpretrain.models.utils import ShiftWindowMSA
from torch import Tensor


def window_reverse(windows: Tensor, height: int, width: int, window_size: int) -> Tensor:
    """Put windows back in place, ``(B·n, w, w, C)`` → ``(B, H, W, C)``."""
    rows, columns = height // window_size, width // window_size
    x = windows.unflatten(0, (-1, rows, columns))  # (B, rows, columns, w, w, C)
    return x.transpose(2, 3).flatten(1, 2).flatten(2, 3)


# mmpretrain's own divides floats to find the batch, which fixes it in an exported graph.
ShiftWindowMSA.window_reverse = staticmethod(window_reverse)
