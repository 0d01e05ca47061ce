"""Embedding reduction and BNNeck."""

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class Reduction(nn.Sequential):
    """Pooled vector to embedding: Linear, BN, ReLU, ``(N, in) → (N, out)``.

    Args:
        in_channels: Channels of the pooled vector.
        out_channels: Channels of the embedding.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Linear(in_channels, out_channels),
            nn.BatchNorm1d(out_channels),
            nn.ReLU(inplace=True),
        )

    def init_weights(self) -> None:
        """Draw the linear weights from N(0, 0.01)."""
        nn.init.normal_(self[0].weight, std=0.01)
        nn.init.zeros_(self[0].bias)


class BNNeck(BaseModule):
    """Batch norm between the metric and the identity space, and its classifier.

    "A strong baseline and batch normalization neck for deep person re-identification", Luo et al.,
    2020: the triplet loss reads the embedding before the batch norm, the identity loss behind it.

    Args:
        channels: Channels of the embedding.
        num_classes: Number of training identities.
        label_smoothing: Smoothing ε of the identity loss.
        norm: False gives a plain classifier, without the batch norm.
    """

    training_only = ('classifier',)

    def __init__(
        self, channels: int, num_classes: int, label_smoothing: float = 0.1, norm: bool = True
    ) -> None:
        super().__init__(init_cfg=dict(type='Normal', layer='Linear', std=0.001))
        self.norm = nn.BatchNorm1d(channels) if norm else nn.Identity()
        if norm:
            self.norm.bias.requires_grad_(False)
        self.classifier = nn.Linear(channels, num_classes, bias=False)
        self.label_smoothing = label_smoothing

    def forward(self, embeddings: Tensor) -> Tensor:
        """Normalise embeddings, ``(N, C) → (N, C)``."""
        return self.norm(embeddings)

    def loss(self, embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Identity loss (scalar) and accuracy in percent (scalar) of ``(N, C)``, ``(N,)``."""
        logits = self.classifier(self.norm(embeddings)).float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
        accuracy = (logits.detach().argmax(1) == labels).float().mean() * 100
        return loss, accuracy
