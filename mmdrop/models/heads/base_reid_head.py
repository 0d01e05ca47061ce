"""What every ReID head shares: labels, identity losses, the part loss and its bank."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import Tensor, nn

from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

from ..layers import BNNeck

ONE_BATCH = dict(type='PartMemoryBank', num_batches=1)


class BaseReIDHead(BaseModule):
    """Base of the ReID heads.

    A subclass pools the feature map in :meth:`embed`, and gives every embedding that has an
    identity loss a :class:`BNNeck` by :meth:`add_identity_loss`. They lie in ``necks`` under the
    names of their losses, ``id_global`` …: an attribute named ``global`` alone would be no valid
    Python in the code that torch.fx and torch.export generate.

    Args:
        num_classes: Number of training identities.
        part_loss: Config of the loss on the rows ``(N, K, C)`` of the bank; None for no such loss.
        memory_bank: Config of the bank; None keeps the current batch of all processes.
        row_shape: K and C of the rows, for a loss that has centres of its own.
    """

    embedding_names: tuple[str, ...]
    # No prediction reads them, so a checkpoint may have others.
    training_only = (
        'bank',
        'foreground_bank',
        'foreground_loss',
        'global_bank',
        'global_loss',
        'part_loss',
    )

    def __init__(
        self,
        num_classes: int,
        part_loss: dict | None,
        memory_bank: dict | None,
        row_shape: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.necks = ModuleDict()
        self.identity_weights: dict[str, float] = {}
        self.part_loss = self.build_row_loss(part_loss, row_shape) if part_loss else None
        if self.part_loss is not None:
            self.bank = MODELS.build(memory_bank or ONE_BATCH)

    def build_row_loss(self, loss: dict, row_shape: tuple[int, int] | None) -> nn.Module:
        """Build a loss on rows; one with centres, such as :class:`HCTLoss`, gets them here."""
        module = MODELS.build(loss)
        if hasattr(module, 'make_centres'):
            if row_shape is None:
                raise ValueError(f'{type(self).__name__} gives no row_shape, which {loss} needs')
            module.make_centres(self.num_classes, *row_shape)
        return module

    def add_identity_loss(
        self, name: str, channels: int, weight: float, label_smoothing: float, norm: bool = True
    ) -> None:
        """Give the embedding ``name`` a BNNeck, unless its weight is 0."""
        if weight > 0:
            self.necks[_neck_key(name)] = BNNeck(channels, self.num_classes, label_smoothing, norm)
            self.identity_weights[name] = weight

    def neck(self, name: str) -> BNNeck:
        """The BNNeck of an embedding that has an identity loss."""
        return self.necks[_neck_key(name)]

    def labels(self, data_samples: Sequence[ReIDDataSample], device: torch.device) -> Tensor:
        """Training classes, ``(B,)``.

        Raises:
            ValueError: A class is not in [0, num_classes).
        """
        labels = [sample.gt_label for sample in data_samples]
        wrong = [label for label in labels if not 0 <= label < self.num_classes]
        if wrong:
            raise ValueError(
                f'gt_label {wrong[0]} is not in [0, {self.num_classes}): set '
                'model.reid_head.num_classes to the number of training identities, of all sets '
                'together where there are several; the log has it where the data are loaded'
            )
        labels = torch.tensor(labels)
        # A copy from unpinned memory would wait for the backbone; a traced step cannot pin.
        if device.type == 'cuda' and not torch.compiler.is_compiling():
            labels = labels.pin_memory()
        return labels.to(device, non_blocking=True)

    @property
    def part_loss_key(self) -> str:
        """Name of the part loss in the log."""
        return getattr(self.part_loss, 'log_key', 'loss_pct')

    def embedding_loss(
        self, loss: nn.Module, bank: nn.Module, embedding: Tensor, labels: Tensor
    ) -> Tensor:
        """Scalar loss on one embedding of each sample, ``(B, C)``, and the rows of its bank."""
        visible = labels.new_ones(len(labels), 1).bool()
        rows, pids, _, _ = bank(embedding[:, None], labels, visible)
        return loss(rows, pids)

    def identity_losses(
        self, embeddings: dict[str, Tensor], labels: Tensor, accuracy_of: str
    ) -> dict[str, Tensor]:
        """``loss_id_<name>`` for every neck, and the accuracy of one of them in percent."""
        losses = {}
        for name, weight in self.identity_weights.items():
            loss, accuracy = self.neck(name).loss(embeddings[name], labels)
            losses[f'loss_id_{name}'] = weight * loss
            if name == accuracy_of:
                losses[f'acc_id_{name}'] = accuracy
        return losses

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args, **kwargs) -> None:
        # Checkpoints of before the necks bore the names of their losses.
        for name in self.identity_weights:
            old, new = f'{prefix}necks.{name}.', f'{prefix}necks.{_neck_key(name)}.'
            for key in [key for key in state_dict if key.startswith(old)]:
                state_dict[new + key.removeprefix(old)] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _neck_key(name: str) -> str:
    return f'id_{name}'
