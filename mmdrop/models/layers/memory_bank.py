"""Part embedding memory bank (PEMB, DROP Section 3.3)."""

import torch
from mmengine.dist import all_gather, get_rank, get_world_size
from mmengine.model import BaseModule
from torch import Tensor

from mmdrop.registry import MODELS

_STATES = ('embeddings', 'pids', 'visibility')


@MODELS.register_module()
class PartMemoryBank(BaseModule):
    """The part embeddings of the latest batches, the current one included.

    The oldest batch leaves when a new one enters. Rows of the current batch keep their gradient,
    older rows are detached. The bank fills gradually from the first batch on, and its rows are in
    the checkpoint, which a resumed run goes on with and a new one drops. In distributed training
    every process sees the rows of all processes.

    Args:
        num_batches: Size M of the bank in batches; 1 keeps the current batch only.
    """

    def __init__(self, num_batches: int = 4) -> None:
        super().__init__()
        if num_batches < 1:
            raise ValueError(f'num_batches must be at least 1, got {num_batches}')
        self.num_batches = num_batches
        # Allocated by the first batch: its size, K and C are not known before.
        self.register_buffer('embeddings', torch.empty(0, 0, 0))
        self.register_buffer('pids', torch.empty(0, dtype=torch.long))
        self.register_buffer('visibility', torch.empty(0, 0, dtype=torch.bool))

    def forward(
        self, embeddings: Tensor, pids: Tensor, visibility: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, int]:
        """Add a batch and return all rows, the current batch first.

        Args:
            embeddings: ``(B, K, C)``.
            pids: Identities, ``(B,)``.
            visibility: Bool, ``(B, K)``.

        Returns:
            Embeddings ``(N, K, C)`` in float32, identities ``(N,)``, visibility ``(N, K)``, and the
            number of rows of the current batch (of all processes).
        """
        current = (
            _gather_with_gradient(embeddings.float()),
            torch.cat(all_gather(pids)),
            torch.cat(all_gather(visibility)),
        )
        num_current = len(current[0])
        if self.num_batches == 1:
            return *current, num_current
        rows = current
        # Rows from the checkpoint of a model with other parts or channels are dropped.
        if len(self.pids) > 0 and self.embeddings.shape[1:] == current[0].shape[1:]:
            rows = tuple(
                torch.cat([new, getattr(self, name)])
                for new, name in zip(current, _STATES, strict=True)
            )
        if self.training:
            keep = (self.num_batches - 1) * num_current
            for name, row in zip(_STATES, rows, strict=True):
                setattr(self, name, row[:keep].detach())
        return *rows, num_current

    def drop_rows(self) -> None:
        """Forget all rows, as those of other identities."""
        for name in _STATES:
            rows = getattr(self, name)
            setattr(self, name, rows.new_empty((0,) * rows.ndim))

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args, **kwargs) -> None:
        # The checkpoint decides how many rows there are.
        for name in _STATES:
            saved = state_dict.get(prefix + name)
            if saved is not None:
                setattr(self, name, getattr(self, name).new_empty(saved.shape))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _gather_with_gradient(rows: Tensor) -> Tensor:
    """Rows of all processes, ``(world · B, …)``; those of this process keep their gradient.

    Every process computes the same loss over all rows, but the gradient of its own rows alone, and
    DistributedDataParallel averages over processes: own gradients are scaled to make up for that.
    """
    world_size = get_world_size()
    if world_size == 1:
        return rows
    gathered = all_gather(rows.detach())
    gathered[get_rank()] = rows * world_size - rows.detach() * (world_size - 1)
    return torch.cat(gathered)
