"""Weighted average pooling, as BPBReID pools parts and foreground."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmdrop.registry import MODELS


@MODELS.register_module()
class WAP(BaseModule):
    r"""Weighted average pooling, without the maximum of :class:`WAMP`.

    .. math:: \frac{\sum_p m_k(p) f(p)}{\max(\sum_p m_k(p), 10^{-6})}
              \quad\text{or}\quad \frac{1}{hw} \sum_p m_k(p) f(p)

    "Body part-based representation learning for occluded person re-identification", Somers et al.,
    WACV 2023, pools parts in the first way and the foreground in the second.

    Args:
        normalize: Divide by the sum of the weights; otherwise by the number of pixels, so that the
            result grows with the area of the part.
    """

    def __init__(self, normalize: bool = True) -> None:
        super().__init__()
        self.normalize = normalize

    def out_channels(self, in_channels: int) -> int:
        """Channels of the pooled vector for a map of ``in_channels``."""
        return in_channels

    def forward(self, features: Tensor, weights: Tensor) -> Tensor:
        """``(B, C, h, w)``, ``(B, K, h, w)`` → ``(B, K, C)``."""
        features, weights = features.flatten(2), weights.flatten(2).float()
        # Divided in float32 and before the product: in float16 sums over many pixels overflow.
        if self.normalize:
            share = weights / weights.sum(-1, keepdim=True).clamp(min=1e-6)
        else:
            share = weights / weights.shape[-1]
        return torch.bmm(share.to(features.dtype), features.transpose(1, 2))
