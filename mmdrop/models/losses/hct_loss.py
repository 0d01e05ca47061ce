"""Part-level hard-mining centre-triplet loss (Table 5 of DROP)."""

import torch
from torch import Tensor, nn

from mmdrop.functional import pairwise_part_distance
from mmdrop.registry import MODELS


@MODELS.register_module()
class HCTLoss(nn.Module):
    r"""Hard-mining centre-triplet (HCT) loss of every part.

    Each training identity i has a learned centre :math:`c_{ik}` for each part k. The centre is the
    anchor: the farthest embedding of its identity shall be nearer to it, by the margin, than the
    nearest embedding of another identity.

    .. math:: [\max_{y_n = i} d(x_{nk}, c_{ik}) - \min_{y_n \ne i} d(x_{nk}, c_{ik}) + \alpha]_+

    Averaged over the identities of the rows and over the parts; without other identities a
    differentiable zero. "Deep fusion feature representation learning with hard mining
    center-triplet loss for person re-identification", Zhao et al., IEEE TMM 2020, for one feature
    of the image; applied to each part as in Table 5 of DROP. The authors' code takes squared
    distances and the weight 1e-4.

    Args:
        margin: Margin α, in units of the distance of embeddings that are not normalised.
        squared: Compare squared Euclidean distances.
        loss_weight: Factor of the loss.
    """

    log_key = 'loss_hct'

    def __init__(
        self, margin: float = 0.3, squared: bool = False, loss_weight: float = 1.0
    ) -> None:
        super().__init__()
        self.margin = margin
        self.squared = squared
        self.loss_weight = loss_weight
        self.centres: nn.Parameter | None = None

    def make_centres(self, num_classes: int, num_parts: int, channels: int) -> None:
        """Draw the centres from N(0, 1); the ReID head, which knows how many, calls this."""
        self.centres = nn.Parameter(torch.randn(num_classes, num_parts, channels))

    def forward(
        self,
        embeddings: Tensor,
        pids: Tensor,
        visibility: Tensor | None = None,
        num_anchors: int | None = None,
    ) -> Tensor:
        """Return the scalar loss.

        Args:
            embeddings: Rows of part embeddings, ``(N, K, C)``.
            pids: Training classes in [0, number of classes), ``(N,)``.
            visibility: Bool, ``(N, K)``; a part that a row does not show is left out.
            num_anchors: Only centres of identities of the first so many rows are anchors.

        Raises:
            RuntimeError: There are no centres yet.
        """
        if self.centres is None:
            raise RuntimeError('HCTLoss has no centres: call make_centres, as the ReID heads do')
        # Every row stands for the centre of its identity, and for its share of the identity.
        anchor_pids = pids[:num_anchors]
        distance = pairwise_part_distance(self.centres[anchor_pids], embeddings)  # (K, A, N)
        if self.squared:
            distance = distance.square()
        same = anchor_pids[:, None] == pids[None, :]
        share = 1 / same[:, : len(anchor_pids)].sum(1)
        shown = torch.ones_like(pids[None, None], dtype=torch.bool)
        if visibility is not None:
            shown = visibility.T[:, None]
        positive, negative = same & shown, ~same & shown  # ([K or 1], A, N)
        valid = positive.any(2) & negative.any(2)
        farthest = distance.masked_fill(~positive, -torch.inf).amax(2).masked_fill(~valid, 0)
        nearest = distance.masked_fill(~negative, torch.inf).amin(2).masked_fill(~valid, 0)
        hinge = (farthest - nearest + self.margin).relu() * valid  # (K, A)
        count = (valid * share).expand_as(hinge).sum()
        return self.loss_weight * (hinge * share).sum() / count.clamp(min=0.5)
