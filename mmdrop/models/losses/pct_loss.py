"""Part-aware compactness triplet loss (DROP, Eq. 6–7)."""

import torch
from torch import Tensor, nn

from mmdrop.functional import mean_over_shared_parts, pairwise_part_distance
from mmdrop.registry import MODELS


@MODELS.register_module()
class PCTLoss(nn.Module):
    r"""Batch-hard triplet loss on Euclidean part distances averaged per pair (Eq. 6–7).

    .. math:: [\operatorname{avg}_k M^{ap}_k - \operatorname{avg}_k M^{an}_k + \alpha]_+

    Averaged over the anchors that have a positive and a negative; without any, the loss is a
    differentiable zero. With the rows of a memory bank it is DROP's PCT loss, with those of one
    batch BPBReID's part-averaged triplet loss, with one part the batch-hard triplet loss.

    Args:
        margin: Triplet margin α, in Euclidean distance of embeddings that are not normalised.
        loss_weight: Factor of the loss, 1 in Eq. 5.
    """

    log_key = 'loss_pct'

    def __init__(self, margin: float = 0.3, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.margin = margin
        self.loss_weight = loss_weight

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
            pids: Identities, ``(N,)``.
            visibility: Bool, ``(N, K)``; average over the parts that both rows show, and leave out
                pairs that share none. All parts count if it is not given.
            num_anchors: The first so many rows are anchors; all rows if it is not given.
        """
        anchors = slice(num_anchors)
        distance = pairwise_part_distance(embeddings[anchors], embeddings)  # (K, A, N)
        if visibility is None:
            distance = distance.mean(0)
        else:
            distance = mean_over_shared_parts(distance, visibility[anchors], visibility)
        comparable = distance != torch.inf  # (A, N); NaN stays, to be seen in the loss
        same = pids[anchors, None] == pids[None, :]
        itself = torch.eye(*same.shape, dtype=torch.bool, device=same.device)
        positive = same & ~itself & comparable
        negative = ~same & comparable
        valid = positive.any(1) & negative.any(1)
        farthest_positive = distance.masked_fill(~positive, -torch.inf).amax(1)
        nearest_negative = distance.masked_fill(~negative, torch.inf).amin(1)
        # Infinities of anchors without a triplet must not reach the subtraction.
        farthest_positive = farthest_positive.masked_fill(~valid, 0)
        nearest_negative = nearest_negative.masked_fill(~valid, 0)
        hinge = (farthest_positive - nearest_negative + self.margin).relu() * valid
        return self.loss_weight * hinge.sum() / valid.sum().clamp(min=1)
