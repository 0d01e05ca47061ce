"""Random numbers that a resumed run draws as the uninterrupted one does."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset, get_worker_info

from mmdrop.registry import HOOKS

_MODEL, _LOADER, _BATCH = range(3)  # what a stream is for


@HOOKS.register_module()
class RandomStreamsHook(Hook):
    """Derive every random stream of a training from the seed and the place in the training.

    MMEngine seeds a process and its workers once, so a resumed run repeats the random numbers of
    its start, and workers that end with an epoch repeat them in every epoch. Here each iteration
    (drop path, dropout) has a stream of its own, made from seed, rank and iteration, and so has
    the augmentation of each batch, made from seed, rank, epoch and the batch's place in it. What
    a run draws then depends neither on when it was stopped nor on ``num_workers``.

    The streams are those of Python's ``random``, NumPy's global generator and PyTorch. The order
    of the images is the sampler's.
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        """Note the seed that the samplers were built with."""
        self._built_with = runner.seed

    def before_train(self, runner: Runner) -> None:
        """Give the data set the streams of its batches."""
        loader = runner.train_dataloader
        batches = BatchStreams(loader.dataset, runner.seed, get_rank())
        # The data loader prefers this method, which may be that of an instance.
        loader.dataset.__getitems__ = batches
        sampler = loader.sampler
        if not hasattr(sampler, 'set_epoch'):
            sampler = getattr(loader.batch_sampler, 'sampler', None)
        # A run without a seed of its own goes on with the one of its checkpoint.
        if getattr(sampler, 'seed', None) == self._built_with != runner.seed:
            sampler.seed = runner.seed
        if hasattr(sampler, 'set_epoch'):
            # An IterBasedTrainLoop passes through the data again and tells the sampler alone.
            sampler.set_epoch = partial(_set_epochs, sampler.set_epoch, batches.set_epoch)
        self._batches = batches

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed what the data loader draws when an epoch begins."""
        self._batches.set_epoch(runner.epoch)
        _seed(runner.seed, _LOADER, get_rank(), runner.epoch)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Seed what the model draws in this iteration."""
        _seed(runner.seed, _MODEL, get_rank(), runner.iter)


def _set_epochs(*setters_and_epoch: Any) -> None:
    *setters, epoch = setters_and_epoch
    for set_epoch in setters:
        set_epoch(epoch)


class BatchStreams:
    """Loads the samples of a batch under random numbers that belong to this batch alone.

    Args:
        dataset: The data set to load from.
        seed: Seed of the run.
        rank: Rank of this process.
    """

    def __init__(self, dataset: Dataset, seed: int, rank: int) -> None:
        self.dataset = dataset
        self.seed = seed
        self.rank = rank
        # Shared, for workers that live on when an epoch ends.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._counted_epoch = -1
        self._loaded = 0  # batches of this epoch, of this process

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, in every worker."""
        self._epoch.fill_(epoch)
        self._counted_epoch = -1

    def __call__(self, indices: Sequence[int]) -> list[Any]:
        """Samples of a batch; what ``__getitems__`` of a data set returns."""
        epoch, worker = int(self._epoch), get_worker_info()
        if epoch != self._counted_epoch:
            self._counted_epoch, self._loaded = epoch, 0
        # Batches go to the workers by turns.
        number, turns = (worker.id, worker.num_workers) if worker else (0, 1)
        place = self._loaded * turns + number
        self._loaded += 1
        with _kept_state() if worker is None else nullcontext():
            _seed(self.seed, _BATCH, self.rank, epoch, place)
            if hasattr(type(self.dataset), '__getitems__'):
                return type(self.dataset).__getitems__(self.dataset, indices)
            return [self.dataset[index] for index in indices]


def _seed(*key: int) -> None:
    """Seed all global generators from non-negative integers."""
    state = np.random.SeedSequence(key).generate_state(6)
    random.seed(int(state[0]) << 32 | int(state[1]))
    np.random.seed(state[2:4])  # noqa: NPY002
    seed = int(state[4]) << 32 | int(state[5])
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


@contextmanager
def _kept_state() -> Iterator[None]:
    """Give the generators of this process, which are the model's too, their state back."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])
