"""Mixing of the styles of images in training."""

import torch
from torch import Tensor, nn

from mmdrop.registry import MODELS


@MODELS.register_module()
class MixStyle(nn.Module):
    """Give each map of a batch, in training, some of the style of another one.

    "Domain generalization with MixStyle", Zhou et al., ICLR 2021.  The style is mean and standard
    deviation of each channel over the map, through which no gradient flows (Eq. 3 to 6 there)::

        λ ~ Beta(α, α)
        x' = (λ σ(x) + (1 − λ) σ(x̃)) (x − μ(x)) / σ(x) + λ μ(x) + (1 − λ) μ(x̃)

    x̃ is the batch in a drawn order.  In evaluation nothing is changed.

    Args:
        prob: Probability of mixing a batch.
        alpha: α of the beta distribution; the smaller it is, the more often a map keeps its style
            or takes the other one's, with nothing in between.
        eps: Added to the variance.

    Raises:
        ValueError: An argument is out of its range.
    """

    def __init__(self, prob: float = 0.5, alpha: float = 0.1, eps: float = 1e-6) -> None:
        super().__init__()
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be in [0, 1], got {prob}')
        if not alpha > 0:
            raise ValueError(f'alpha must be positive, got {alpha}')
        self.prob, self.alpha, self.eps = prob, alpha, eps

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C, h, w)``."""
        if not self.training or torch.rand(()).item() >= self.prob:
            return x
        # Drawn on the CPU, so that a GPU need not be waited for.
        alpha = torch.full((len(x), 1, 1, 1), self.alpha)
        share = torch.distributions.Beta(alpha, alpha).sample().to(x, non_blocking=True)
        order = torch.randperm(len(x)).to(x.device, non_blocking=True)
        variance, mean = torch.var_mean(x.detach(), dim=(2, 3), correction=0, keepdim=True)
        deviation = (variance + self.eps).sqrt()
        mixed_deviation = share * deviation + (1 - share) * deviation[order]
        mixed_mean = share * mean + (1 - share) * mean[order]
        return (x - mean) / deviation * mixed_deviation + mixed_mean
