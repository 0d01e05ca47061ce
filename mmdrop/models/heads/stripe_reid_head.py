"""Stripe ReID head: PCB, parts that need no parsing."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

from ..layers import Reduction
from .base_reid_head import BaseReIDHead


@MODELS.register_module()
class StripeReIDHead(BaseReIDHead):
    """Horizontal stripes of equal height instead of predicted parts.

    "Beyond part models: person retrieval with refined part pooling", Sun et al., ECCV 2018, without
    the refinement: the mean of each stripe, one reduction shared by all, an identity loss for each.
    The ReID losses are those of :class:`PartReIDHead`, so that a part loss can be compared on it
    (Table 5 of DROP). The head reads no parsing: the model needs neither parsing head nor labels.
    Every stripe is always visible.

    Args:
        num_classes: Number of training identities.
        in_channels: Channels of P_reid.
        num_stripes: Number of stripes.
        embed_channels: Channels C of an embedding.
        parts_weight: Weight of the identity loss of the stripes.
        parts_identity: ``'each'``: one classifier a stripe, their losses averaged; ``'concat'``:
            one classifier of the concatenated stripes.
        label_smoothing: Smoothing ε of the identity losses.
        bnneck: Classify behind a batch norm; PCB itself has none there.
        dropout: Share of the pooled channels that are dropped in training, 0.5 in PCB's code.
        test_pooled: At test give the pooled stripes in front of the reduction, ``in_channels``
            numbers each, as PCB does.
        part_loss: Config of the loss on stripe embeddings, before batch norm.
        memory_bank: Config of the bank; None for the current batch alone.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_stripes: int = 6,
        embed_channels: int = 512,
        parts_weight: float = 1.0,
        parts_identity: str = 'each',
        label_smoothing: float = 0.1,
        bnneck: bool = True,
        dropout: float = 0.0,
        test_pooled: bool = False,
        part_loss: dict | None = None,
        memory_bank: dict | None = None,
    ) -> None:
        super().__init__(num_classes, part_loss, memory_bank, (num_stripes, embed_channels))
        if parts_identity not in ('concat', 'each'):
            raise ValueError(f"parts_identity must be 'concat' or 'each', got {parts_identity!r}")
        self.num_stripes = num_stripes
        self.test_pooled = test_pooled
        self.embedding_names = tuple(f'stripe_{k + 1}' for k in range(num_stripes))
        self.dropout = nn.Dropout(dropout)
        self.reduce_parts = Reduction(in_channels, embed_channels)
        heads = dict.fromkeys(self.embedding_names, (embed_channels, parts_weight / num_stripes))
        if parts_identity == 'concat':
            heads = {'parts': (num_stripes * embed_channels, parts_weight)}
        for name, (channels, weight) in heads.items():
            self.add_identity_loss(name, channels, weight, label_smoothing, norm=bnneck)

    def pool(self, features: Tensor) -> Tensor:
        """Mean of each stripe, ``(B, C', h, w) → (B, S, C')``.

        Raises:
            ValueError: The map has fewer rows than there are stripes.
        """
        if features.shape[2] < self.num_stripes:
            raise ValueError(
                f'a map of {features.shape[2]} rows has no {self.num_stripes} stripes: take larger '
                'images, or lower reid_head.num_stripes'
            )
        # As products, since F.adaptive_avg_pool2d has no deterministic gradient on a GPU.
        rows = features.mean(3).transpose(1, 2)  # (B, h, C')
        return _stripe_shares(self.num_stripes, rows) @ rows

    def embed(self, pooled: Tensor) -> Tensor:
        """Embeddings before batch norm, ``(B, S, C') → (B, S, C)``."""
        return self.reduce_parts(pooled.flatten(0, 1)).unflatten(0, pooled.shape[:2])

    def loss(
        self,
        features: Tensor,
        probabilities: Tensor | None,
        data_samples: Sequence[ReIDDataSample],
    ) -> dict[str, Tensor]:
        """Losses of P_reid ``(B, C', h, w)``; parsing probabilities are not read."""
        labels = self.labels(data_samples, features.device)
        stripes = self.embed(self.dropout(self.pool(features)))
        inputs = dict(zip(self.embedding_names, stripes.unbind(1), strict=True))
        inputs['parts'] = stripes.flatten(1)
        first = next(iter(self.identity_weights), '')
        losses = self.identity_losses(inputs, labels, accuracy_of=first)
        if self.part_loss is not None:
            visible = labels.new_ones(len(labels), self.num_stripes).bool()
            rows, pids, _, _ = self.bank(stripes, labels, visible)
            losses[self.part_loss_key] = self.part_loss(rows, pids)
        return losses

    def predict(
        self, features: Tensor, probabilities: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings ``(B, S, C)``, visibility ``(B, S)`` and its score ``(B, S)``, all ones."""
        pooled = self.pool(features)
        embeddings = pooled if self.test_pooled else self.embed(pooled)
        score = embeddings.new_ones(embeddings.shape[:2])
        return embeddings, score.bool(), score


def _stripe_shares(stripes: int, rows: Tensor) -> Tensor:
    """Share of each row ``(B, h, C)`` in each stripe's mean, ``(S, h)``; they may overlap."""
    height = rows.shape[1]
    row = torch.arange(height, device=rows.device)
    stripe = torch.arange(stripes, device=rows.device)[:, None]
    inside = (row >= stripe * height // stripes) & (row * stripes < (stripe + 1) * height)
    return inside.to(rows.dtype) / inside.sum(1, keepdim=True)
