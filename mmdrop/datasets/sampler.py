"""Batches of P identities with K images each."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmdrop.registry import DATA_SAMPLERS


class _LabelledDataset(Protocol):
    def __len__(self) -> int: ...

    def get_data_info(self, idx: int) -> dict: ...


@DATA_SAMPLERS.register_module()
class IdentitySampler(Sampler[int]):
    """P identities × K images in every batch of every process.

    Each epoch the images of an identity are shuffled and cut into groups of K; a remainder is
    left out, and an identity with fewer than K images gives one group in which some repeat.
    Batches of distinct identities are then drawn from the groups, as many as can be; batches are
    distinct across processes too, so W processes with P identities see what one process with
    W·P sees, split in W.  The loader's ``batch_size`` must be ``num_identities * num_instances``.

    Args:
        dataset: Has ``get_data_info(i)['gt_label']``, as every data set and wrapper of MMEngine.
            Data sets that are concatenated must not share labels.
        num_identities: P, per process.
        num_instances: K.
        seed: The same in all processes; drawn and shared if absent.

    Raises:
        ValueError: The data set has no training labels, or too few identities for a batch.
    """

    def __init__(
        self,
        dataset: _LabelledDataset,
        num_identities: int = 16,
        num_instances: int = 4,
        seed: int | None = None,
    ):
        if num_identities < 1 or num_instances < 1:
            raise ValueError(
                'num_identities and num_instances must be positive, '
                f'got {num_identities} and {num_instances}'
            )
        self.rank, world_size = get_dist_info()
        self.num_identities = num_identities
        self.num_instances = num_instances
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self._total = num_identities * world_size
        labels = np.array([dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))])
        if (labels < 0).any():
            raise ValueError('IdentitySampler needs training labels; gt_label is -1 in a test set')
        order = labels.argsort(kind='stable')
        starts = np.flatnonzero(np.diff(labels[order])) + 1
        self._images = np.split(order, starts)  # indices of each identity
        if len(self._images) < self._total:
            raise ValueError(
                f'a batch needs {self._total} identities (num_identities={num_identities} in '
                f'{world_size} processes), the data set has {len(self._images)}: lower '
                'num_identities'
            )
        counts = np.array([len(images) for images in self._images])
        self._num_groups = np.maximum(counts // num_instances, 1)
        self._num_batches = max_batches(self._num_groups, self._total)

    def __len__(self) -> int:
        """Exact number of indices of this process in an epoch."""
        return self._num_batches * self.num_identities * self.num_instances

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, which together with the seed decides the order."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        groups = [self._cut(images, rng) for images in self._images]
        used = np.zeros(len(groups), int)
        own = slice(self.rank * self.num_identities, (self.rank + 1) * self.num_identities)
        for identities in draw_batches(self._num_groups, self._total, self._num_batches, rng):
            for identity in identities[own]:
                yield from groups[identity][used[identity]]
            used[identities] += 1

    def _cut(self, images: np.ndarray, rng: np.random.Generator) -> list[list[int]]:
        """Shuffled groups of K images of one identity."""
        images = rng.permutation(images)
        missing = self.num_instances - len(images)
        if missing > 0:
            images = np.concatenate([images, rng.choice(images, missing)])
        whole = len(images) // self.num_instances * self.num_instances
        return images[:whole].reshape(-1, self.num_instances).tolist()


def max_batches(num_groups: np.ndarray, batch: int) -> int:
    """Most batches of ``batch`` distinct identities, each used once per group it has.

    T batches take at most min(g_i, T) groups of identity i, so Σ min(g_i, T) ≥ batch·T is
    necessary, and :func:`draw_batches` shows that it is enough.  Σ min(g_i, T) / T falls with T.
    """
    low, high = 0, int(num_groups.sum()) // batch
    while low < high:
        middle = (low + high + 1) // 2
        if np.minimum(num_groups, middle).sum() >= batch * middle:
            low = middle
        else:
            high = middle - 1
    return low


def draw_batches(
    num_groups: np.ndarray, batch: int, num_batches: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw ``num_batches`` (at most :func:`max_batches`) batches of distinct identities.

    With R batches left, the c identities that have R groups left or more are critical and go
    first; the other places are drawn with probabilities in proportion to the groups left.
    """
    # Invariant: S = Σ min(g_i, R) ≥ batch·R, thus at least `batch` identities have groups left.
    # c ≤ batch: a critical identity loses 1 of its min(g_i, R), drawn or not, and each other one
    #   drawn loses 1, hence Σ min(g_i', R−1) = S − batch ≥ batch·(R−1).
    # c > batch: the critical ones alone keep c·(R−1) > batch·(R−1), or both are 0 at R = 1.
    left = num_groups.copy()
    for remaining in range(num_batches, 0, -1):
        with np.errstate(divide='ignore'):
            # The smallest of exponential variables with rates w is i with probability w_i / Σ w.
            keys = rng.exponential(size=len(left)) / left
        critical = left >= remaining
        keys[critical] = -rng.random(critical.sum()) - 1
        # Shuffled, so that critical identities do not gather in the first process.
        identities = rng.permutation(np.argsort(keys)[:batch])
        left[identities] -= 1
        yield identities
