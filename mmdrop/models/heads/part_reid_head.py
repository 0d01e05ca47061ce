"""Parsing guided ReID head (DROP, Section 3.3 and 3.4)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

from ..layers import Reduction
from .base_reid_head import ONE_BATCH, BaseReIDHead


@MODELS.register_module()
class PartReIDHead(BaseReIDHead):
    """Global, foreground and part embeddings, their identity losses and the part loss.

    .. code-block:: none

        P_reid ──── mean ────────────── Reduction ── global ─────── BNNeck ── loss_id_global
          │                         ┌── Reduction ── foreground ─── BNNeck ── loss_id_foreground
          └──── WAMP(parsing) ──────┤
                                    └── Reduction ── K parts ─┬──── BNNeck ── loss_id_parts
                                        (shared)              └──── bank ──── loss_pct

    At test the global and the foreground embedding are taken behind their batch norm, the parts
    before it. A global or foreground embedding that no loss reads is not built.

    Args:
        num_classes: Number of training identities.
        in_channels: Channels of P_reid.
        num_parts: Number of parts K.
        embed_channels: Channels C of an embedding.
        pooling: Config of the part pooling, ``(B, C, h, w), (B, K, h, w) → (B, K, C')``.
        foreground_pooling: Config of the foreground's pooling; that of the parts if left out.
        global_weight: Weight of the global identity loss; 0 leaves the global embedding out.
        foreground_weight: Weight of the foreground identity loss; 0 leaves that embedding out.
        parts_weight: Weight of the identity loss of the parts.
        parts_identity: ``'concat'``: one classifier of the concatenated parts; ``'each'``: one a
            part, their losses averaged.
        label_smoothing: Smoothing ε of the identity losses.
        part_loss: Config of the loss on part embeddings, before batch norm (Eq. 7).
        foreground_loss: Config of a loss on the foreground embeddings of the current batch, rows
            ``(N, 1, C)`` before batch norm; BPBReID has it on some data sets, DROP has none.
        global_loss: The same of the global embeddings, as :class:`GlobalReIDHead` has.
        memory_bank: Config of the bank (PEMB); None gives the part-averaged triplet loss.
        anchors: ``'all'`` rows of the bank are anchors, or those of the current ``'batch'``.
        visible_only: Let the part loss average over the parts that both rows show.
        visibility: A part is visible when its largest probability exceeds this number;
            ``'argmax'``: when it is the most probable class of at least one pixel.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_parts: int,
        embed_channels: int = 512,
        pooling: dict | None = None,
        foreground_pooling: dict | None = None,
        global_weight: float = 1.0,
        foreground_weight: float = 1.0,
        parts_weight: float = 1.0,
        parts_identity: str = 'concat',
        label_smoothing: float = 0.1,
        part_loss: dict | None = None,
        foreground_loss: dict | None = None,
        global_loss: dict | None = None,
        memory_bank: dict | None = None,
        anchors: str = 'all',
        visible_only: bool = False,
        visibility: float | str = 0.4,
    ) -> None:
        super().__init__(num_classes, part_loss, memory_bank, (num_parts, embed_channels))
        if anchors not in ('all', 'batch'):
            raise ValueError(f"anchors must be 'all' or 'batch', got {anchors!r}")
        if parts_identity not in ('concat', 'each'):
            raise ValueError(f"parts_identity must be 'concat' or 'each', got {parts_identity!r}")
        if visibility != 'argmax' and not (
            isinstance(visibility, float | int) and 0 <= visibility < 1
        ):
            raise ValueError(f"visibility must be a number in [0, 1) or 'argmax', got {visibility}")
        if foreground_weight == 0 and (foreground_loss or foreground_pooling):
            raise ValueError('foreground_loss and foreground_pooling need a foreground_weight > 0')
        if global_weight == 0 and global_loss:
            raise ValueError('global_loss needs a global_weight > 0')
        self.num_parts = num_parts
        self.anchors = anchors
        self.visible_only = visible_only
        self.visibility = visibility
        self.pooling = MODELS.build(pooling or dict(type='WAMP'))
        self.foreground_pooling = MODELS.build(foreground_pooling) if foreground_pooling else None
        self.foreground_loss = self.global_loss = None
        if foreground_loss:
            self.foreground_loss = self.build_row_loss(foreground_loss, (1, embed_channels))
            self.foreground_bank = MODELS.build(ONE_BATCH)
        if global_loss:
            self.global_loss = self.build_row_loss(global_loss, (1, embed_channels))
            self.global_bank = MODELS.build(ONE_BATCH)
        pooled_channels = self.pooling.out_channels(in_channels)

        self.names = []
        if global_weight > 0:
            self.reduce_global = Reduction(in_channels, embed_channels)
            self.names.append('global')
        if foreground_weight > 0:
            pooling = self.foreground_pooling or self.pooling
            channels = pooling.out_channels(in_channels)
            self.reduce_foreground = Reduction(channels, embed_channels)
            self.names.append('foreground')
        self.reduce_parts = Reduction(pooled_channels, embed_channels)
        self.embedding_names = (*self.names, *(f'part_{k + 1}' for k in range(num_parts)))

        self.add_identity_loss('global', embed_channels, global_weight, label_smoothing)
        self.add_identity_loss('foreground', embed_channels, foreground_weight, label_smoothing)
        if parts_identity == 'concat':
            channels = num_parts * embed_channels
            self.add_identity_loss('parts', channels, parts_weight, label_smoothing)
        else:
            for name in self.embedding_names[-num_parts:]:
                weight = parts_weight / num_parts
                self.add_identity_loss(name, embed_channels, weight, label_smoothing)

    def embed(self, features: Tensor, probabilities: Tensor) -> dict[str, Tensor]:
        """Embeddings before batch norm: ``global`` and ``foreground`` ``(B, C)``, ``parts``."""
        weights = probabilities[:, 1:]
        embeddings = {}
        if 'global' in self.names:
            embeddings['global'] = self.reduce_global(features.mean((2, 3)))
        if 'foreground' in self.names:
            foreground = weights.amax(1, keepdim=True)
            if self.foreground_pooling is None:  # in one pass over the features
                pooled = self.pooling(features, torch.cat([foreground, weights], dim=1))
                pooled, parts = pooled[:, 0], pooled[:, 1:]
            else:
                pooled = self.foreground_pooling(features, foreground)[:, 0]
                parts = self.pooling(features, weights)
            embeddings['foreground'] = self.reduce_foreground(pooled)
        else:
            parts = self.pooling(features, weights)  # (B, K, C')
        embeddings['parts'] = self.reduce_parts(parts.flatten(0, 1)).unflatten(0, parts.shape[:2])
        return embeddings

    def visibility_score(self, probabilities: Tensor) -> Tensor:
        """Largest probability of each part, ``(B, K+1, h, w) → (B, K)``."""
        return probabilities[:, 1:].flatten(2).amax(2)

    def visible(self, probabilities: Tensor) -> Tensor:
        """Which parts are visible, ``(B, K+1, h, w) → (B, K)`` bool."""
        if self.visibility == 'argmax':
            winner = probabilities.argmax(1).flatten(1)  # (B, h·w)
            parts = torch.arange(1, self.num_parts + 1, device=winner.device)
            return (winner[:, None] == parts[:, None]).any(2)
        return self.visibility_score(probabilities) > self.visibility

    def loss(
        self, features: Tensor, probabilities: Tensor, data_samples: Sequence[ReIDDataSample]
    ) -> dict[str, Tensor]:
        """Losses of P_reid ``(B, C, h, w)`` under class probabilities ``(B, K+1, h, w)``."""
        labels = self.labels(data_samples, features.device)
        embeddings = self.embed(features, probabilities)
        parts = embeddings['parts']
        inputs = dict(embeddings, parts=parts.flatten(1))
        inputs.update(zip(self.embedding_names[-self.num_parts :], parts.unbind(1), strict=True))
        losses = self.identity_losses(inputs, labels, accuracy_of='foreground')
        if self.part_loss is not None:
            visible = self.visible(probabilities.detach())
            rows, pids, visible, num_current = self.bank(parts, labels, visible)
            losses[self.part_loss_key] = self.part_loss(
                rows,
                pids,
                visible if self.visible_only else None,
                num_current if self.anchors == 'batch' else None,
            )
        if self.foreground_loss is not None:
            losses['loss_triplet_foreground'] = self.embedding_loss(
                self.foreground_loss, self.foreground_bank, embeddings['foreground'], labels
            )
        if self.global_loss is not None:
            losses['loss_triplet_global'] = self.embedding_loss(
                self.global_loss, self.global_bank, embeddings['global'], labels
            )
        return losses

    def predict(self, features: Tensor, probabilities: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings ``(B, E, C)``, visibility ``(B, E)`` bool and its score ``(B, E)``."""
        embeddings = self.embed(features, probabilities)
        stacked = torch.cat(
            [
                *(self.neck(name)(embeddings[name])[:, None] for name in self.names),
                embeddings['parts'],
            ],
            dim=1,
        )
        score = self.visibility_score(probabilities)
        always = score.new_ones(score.shape[0], len(self.names))
        return (
            stacked,
            torch.cat([always.bool(), self.visible(probabilities)], dim=1),
            torch.cat([always, score], dim=1),
        )
