"""Batches of P identities with K images each."""

import math
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmdrop.datasets.identity_batches import Rounds, count_groups, max_batches, split_batch
from mmdrop.datasets.joint_checks import refuse_shared_labels
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

    ``balance`` divides the W·P identities of every batch among the sets of a :class:`JointReID`
    by fixed shares, as W·P times the share; where that is not whole, it is rounded up or down at
    random in each batch, such that the mean is right (:func:`split_batch`).  An epoch then has as
    many batches as without, so about as many images as all sets together: a small set is gone
    through several times, each time cut and drawn anew, a large one in part, each epoch in
    another.  Seed and epoch decide everything.

    Args:
        dataset: Has ``get_data_info(i)['gt_label']``, as every data set and wrapper of MMEngine.
            Several sets must not share labels: join them by :class:`JointReID`.
        num_identities: P, per process.
        num_instances: K.
        seed: The same in all processes; drawn and shared if absent.
        balance: None takes the identities of all sets alike, so that a set has its share of the
            images; ``'equal'`` gives each set the same share of a batch; a mapping from the name
            of each set to its share, such as ``dict(market1501=3, cuhk01=1)`` for 3/4 and 1/4.

    Raises:
        ValueError: The data set has no training labels, sets share labels, there are too few
            identities for a batch, or ``balance`` does not name the sets.
    """

    def __init__(
        self,
        dataset: _LabelledDataset,
        num_identities: int = 16,
        num_instances: int = 4,
        seed: int | None = None,
        balance: str | Mapping[str, float] | None = None,
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
        refuse_shared_labels(dataset)
        order = labels.argsort(kind='stable')
        starts = np.flatnonzero(np.diff(labels[order])) + 1
        images = np.split(order, starts)  # indices of each identity
        if len(images) < self._total:
            raise ValueError(
                f'a batch needs {self._total} identities (num_identities={num_identities} in '
                f'{world_size} processes), the data set has {len(images)}: lower num_identities'
            )
        self._num_batches = max_batches(count_groups(images, num_instances), self._total)
        self._sets, self._quotas = [images], [float(self._total)]
        if balance is not None:
            self._divide(dataset, balance, labels[order[[0, *starts]]])

    def _divide(
        self, dataset: _LabelledDataset, balance: str | Mapping[str, float], labels: np.ndarray
    ) -> None:
        """Divide the identities, whose labels these are, and a batch among the sets."""
        sets = (getattr(dataset, 'metainfo', None) or {}).get('sets', {})
        shares = dict.fromkeys(sets, 1.0) if balance == 'equal' else balance
        if (
            not isinstance(shares, Mapping)
            or shares.keys() != sets.keys()
            or not all(share > 0 for share in shares.values())
        ):
            raise ValueError(
                "balance must be None, 'equal', or a mapping that gives each set of a JointReID a "
                f'positive share; the training set has the sets {[*sets]}, got {balance!r}'
            )
        if len(sets) < 2:
            return
        ends = np.searchsorted(labels, np.cumsum([own['num_identities'] for own in sets.values()]))
        (images,), whole = self._sets, sum(shares.values())
        self._sets = [images[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        self._quotas = [self._total * shares[name] / whole for name in sets]
        for name, own, quota in zip(sets, self._sets, self._quotas, strict=True):
            most = math.ceil(round(quota, 9))  # 3.0000000000000004 is 3
            if len(own) < most:
                raise ValueError(
                    f'balance={balance!r} gives {name!r} up to {most} of the '
                    f'{self._total} identities of a batch, it has {len(own)}: lower its share or '
                    'num_identities'
                )

    def __len__(self) -> int:
        """Exact number of indices of this process in an epoch."""
        return self._num_batches * self.num_identities * self.num_instances

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, which together with the seed decides the order."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        sets = [Rounds(images, self.num_instances, rng) for images in self._sets]
        own = slice(self.rank * self.num_identities, (self.rank + 1) * self.num_identities)
        for _ in range(self._num_batches):
            groups = []
            for rounds, number in zip(sets, split_batch(self._quotas, rng), strict=True):
                groups += rounds.draw(number)
            # Shuffled, so that neither sets nor critical identities gather in a process.
            for place in rng.permutation(len(groups))[own]:
                yield from groups[place]
