"""Weighted average and max pooling (DROP, Section 3.3 and Fig. 4)."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmdrop.registry import MODELS

# Largest product of features and weights held at once, in elements: one that stays in a CPU core's
# cache, and one that keeps a GPU busy.
_CPU_BLOCK = 2**18
_GPU_BLOCK = 2**28


@torch.no_grad()
def _peak_positions(features: Tensor, weights: Tensor) -> Tensor:
    """Pixel where ``weights * features`` is largest: ``(B, C, n), (B, K, n)`` → ``(B, K, C)``."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        # The graph must serve batches of any size, so nothing in it may depend on this one.
        searched = [(features * row[:, None]).argmax(-1) for row in weights.unbind(1)]
        return torch.stack(searched, dim=1)
    batch, channels, pixels = features.shape
    block = _GPU_BLOCK if features.is_cuda else _CPU_BLOCK
    channel_step = min(channels, max(1, block // pixels))
    sample_step = min(batch, max(1, block // (pixels * channel_step)))
    positions = features.new_empty((batch, weights.shape[1], channels), dtype=torch.long)
    for b in range(0, batch, sample_step):
        samples = slice(b, b + sample_step)
        for c in range(0, channels, channel_step):
            part = features[samples, c : c + channel_step]
            for k in range(weights.shape[1]):
                product = part * weights[samples, k, None]
                positions[samples, k, c : c + channel_step] = _argmax_of_pixels(product)
    return positions


def _argmax_of_pixels(product: Tensor) -> Tensor:
    """``product.argmax(-1)``, which on a CPU NumPy finds several times as fast."""
    if product.device.type != 'cpu' or product.dtype != torch.float32:
        return product.argmax(-1)
    return torch.from_numpy(product.numpy().argmax(-1))


def wamp(features: Tensor, weights: Tensor, mode: str = 'sum') -> Tensor:
    r"""Pool a feature map once for every weight map: weighted average and weighted maximum.

    .. math:: \frac{\sum_p m_k(p) f(p)}{\max(\sum_p m_k(p), 10^{-6})} \quad\text{and}\quad
              \max_p m_k(p) f(p)

    The average is one matrix product. For the maximum only its position is searched, one part at a
    time and without gradient; its value is gathered there with gradient. So no tensor of shape
    ``(B, K, C, h, w)`` is ever built, and values and gradients are those of the naive form.

    Args:
        features: ReID feature map, ``(B, C, h, w)``.
        weights: Probabilities in [0, 1], ``(B, K, h, w)``.
        mode: ``'sum'`` adds average and maximum, ``'concat'`` puts the maximum behind the average.

    Returns:
        ``(B, K, C)``, or ``(B, K, 2C)`` for ``'concat'``.
    """
    features = features.flatten(2)  # (B, C, h·w)
    # In float16 a sum over 2048 pixels overflows, and so does the gradient of a division by the
    # small sum of a hidden part: weights are normalised in float32, before the product.
    weights = weights.flatten(2).float()  # (B, K, h·w)
    share = weights / weights.sum(-1, keepdim=True).clamp(min=1e-6)
    average = torch.bmm(share.to(features.dtype), features.transpose(1, 2))
    weights = weights.to(features.dtype)
    positions = _peak_positions(features, weights)
    peak_features = features.gather(2, positions.transpose(1, 2)).transpose(1, 2)
    peak = peak_features * weights.gather(2, positions)
    return average + peak if mode == 'sum' else torch.cat([average, peak], dim=-1)


@MODELS.register_module()
class WAMP(BaseModule):
    """:func:`wamp` as a registered layer.

    Args:
        mode: ``'sum'`` or ``'concat'`` of the weighted average and the weighted maximum.
    """

    def __init__(self, mode: str = 'sum') -> None:
        super().__init__()
        if mode not in ('sum', 'concat'):
            raise ValueError(f"mode must be 'sum' or 'concat', got {mode!r}")
        self.mode = mode

    def out_channels(self, in_channels: int) -> int:
        """Channels of the pooled vector for a map of ``in_channels``."""
        return in_channels * (2 if self.mode == 'concat' else 1)

    def forward(self, features: Tensor, weights: Tensor) -> Tensor:
        """``(B, C, h, w)``, ``(B, K, h, w)`` → ``(B, K, C)`` or ``(B, K, 2C)``."""
        return wamp(features, weights, self.mode)
