"""Parsing loss of DROP (Eq. 8)."""

import torch.nn.functional as F
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor, nn

from mmdrop.registry import MODELS
from mmdrop.structures import IGNORED


@MODELS.register_module()
class SpatialSmoothedCELoss(nn.Module):
    r"""Label-smoothed cross-entropy with a spatial smoothing term (Eq. 8).

    .. math::
        \frac{1}{|P|} \sum_p \sum_{k=0}^{K} -q_k \log hp_k(p)
        + \frac{\gamma}{|P|} \sum_p \sum_{k=0}^{K}
          |hp_k(p_{h+1}) - hp_k(p)| + |hp_k(p_{w+1}) - hp_k(p)|

    with :math:`q_k = 1 - \frac{K}{K+1} ε` for the labelled class and :math:`\frac{ε}{K+1}` for the
    others. P are the pixels whose label is not 255; a pair of neighbours counts where both are in
    P. Means, where the paper writes sums over pixels: see ``docs/paper_notes.md``. In distributed
    training the mean is over P of all processes, as if they were one: a process whose images have
    few labels does not count as much as one with many.

    Args:
        smoothing: Label smoothing ε.
        gamma: Weight γ of the spatial term; 0 leaves a label-smoothed cross-entropy.
        reduction: Over the classes of the spatial term: ``'mean'`` as its usual code computes it,
            or ``'sum'`` as Eq. 8 is written, which makes γ K+1 times larger. The default was
            chosen on validation identities, see ``docs/paper_notes.md``.
        gamma_height: Height in pixels of the map that γ is meant for, 64 in the paper; on a map of
            h rows the weight is then γ · h / gamma_height. The border of a part, in pixels, goes
            with h and its area with h², so that a fixed γ weighs twice as much on a map of half
            the size, and small parts vanish. None takes γ as it is.
    """

    def __init__(
        self,
        smoothing: float = 0.1,
        gamma: float = 0.5,
        gamma_height: int | None = None,
        reduction: str = 'mean',
    ) -> None:
        super().__init__()
        if reduction not in ('sum', 'mean'):
            raise ValueError(f"reduction must be 'sum' or 'mean', got {reduction!r}")
        self.smoothing = smoothing
        self.gamma = gamma
        self.gamma_height = gamma_height
        self.reduction = reduction

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Scalar loss of logits ``(B, K+1, h, w)`` and labels ``(B, h, w)`` in 0..K or 255."""
        logits, labels = logits.float(), labels.long()
        valid = labels != IGNORED
        num_pixels = _count_in_all_processes(valid)
        # One row a pixel: on a GPU the loss of maps has no deterministic gradient.
        loss = F.cross_entropy(
            logits.permute(0, 2, 3, 1).flatten(0, 2),
            labels.flatten(),
            ignore_index=IGNORED,
            label_smoothing=self.smoothing,
            reduction='sum',
        )
        if self.gamma > 0:
            gamma = self.gamma
            if self.gamma_height is not None:
                gamma *= logits.shape[2] / self.gamma_height
            if self.reduction == 'mean':
                gamma /= logits.shape[1]
            probabilities = logits.softmax(1)
            vertical = (valid[:, 1:] & valid[:, :-1])[:, None]
            horizontal = (valid[:, :, 1:] & valid[:, :, :-1])[:, None]
            loss = loss + gamma * (
                (probabilities.diff(dim=2).abs() * vertical).sum()
                + (probabilities.diff(dim=3).abs() * horizontal).sum()
            )
        return loss / num_pixels


def _count_in_all_processes(valid: Tensor) -> Tensor:
    """Number of true entries, at least 1; its mean over processes, as gradients are averaged."""
    number = valid.sum()
    all_reduce(number)
    return number.clamp(min=1) / get_world_size()
