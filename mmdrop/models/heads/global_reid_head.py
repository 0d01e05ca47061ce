"""Global ReID head: the baseline without parts."""

from collections.abc import Sequence

from torch import Tensor

from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

from ..layers import Reduction
from .base_reid_head import BaseReIDHead


@MODELS.register_module()
class GlobalReIDHead(BaseReIDHead):
    """One embedding of the whole image, with identity and triplet loss.

    Mean pooling, Linear-BN-ReLU and BNNeck as the global branch of :class:`PartReIDHead`. The other
    embeddings of that head also pool a maximum and hold (1 + K) × C numbers, so a comparison with
    them changes more than the parts; row G of ``--table`` changes less. At test the embedding is
    taken behind the batch norm.

    Args:
        num_classes: Number of training identities.
        in_channels: Channels of P_reid.
        embed_channels: Channels C of the embedding.
        label_smoothing: Smoothing ε of the identity loss.
        triplet_loss: Config of the loss on rows ``(N, 1, C)``, before batch norm.
        memory_bank: Config of a bank for the triplet loss; None for the current batch alone.
    """

    embedding_names = ('global',)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_channels: int = 512,
        label_smoothing: float = 0.1,
        triplet_loss: dict | None = None,
        memory_bank: dict | None = None,
    ) -> None:
        super().__init__(num_classes, triplet_loss, memory_bank, row_shape=(1, embed_channels))
        self.reduce_global = Reduction(in_channels, embed_channels)
        self.add_identity_loss('global', embed_channels, 1.0, label_smoothing)

    def loss(
        self,
        features: Tensor,
        probabilities: Tensor | None,
        data_samples: Sequence[ReIDDataSample],
    ) -> dict[str, Tensor]:
        """Losses of P_reid ``(B, C, h, w)``; parsing probabilities are not read."""
        labels = self.labels(data_samples, features.device)
        embedding = self.reduce_global(features.mean((2, 3)))
        losses = self.identity_losses({'global': embedding}, labels, accuracy_of='global')
        if self.part_loss is not None:
            losses['loss_triplet'] = self.embedding_loss(
                self.part_loss, self.bank, embedding, labels
            )
        return losses

    def predict(
        self,
        features: Tensor,
        probabilities: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Embedding ``(B, 1, C)``, visibility ``(B, 1)`` and its score ``(B, 1)``, all ones."""
        embedding = self.neck('global')(self.reduce_global(features.mean((2, 3))))[:, None]
        score = embedding.new_ones(embedding.shape[:2])
        return embedding, score.bool(), score
