"""How identities are drawn for batches: distinct in each, and each as often as it has images."""

from collections.abc import Sequence

import numpy as np


class Rounds:
    """Groups of K images of the identities of one set, round after round.

    In a round the images of an identity are shuffled and cut into groups of K; a remainder is left
    out, and an identity with fewer than K images gives one group in which some repeat.  A new
    round begins when a batch cannot be filled with distinct identities any more.

    Args:
        images: Indices of the images of each identity.
        num_instances: K.
        rng: Decides everything.
    """

    def __init__(
        self, images: Sequence[np.ndarray], num_instances: int, rng: np.random.Generator
    ) -> None:
        self._images = images
        self._num_instances = num_instances
        self._rng = rng
        self._begin()

    def _begin(self) -> None:
        self._groups = [iter(self._cut(images)) for images in self._images]
        self._left = count_groups(self._images, self._num_instances)

    def _cut(self, images: np.ndarray) -> list[list[int]]:
        """Shuffled groups of K images of one identity."""
        images = self._rng.permutation(images)
        missing = self._num_instances - len(images)
        if missing > 0:
            images = np.concatenate([images, self._rng.choice(images, missing)])
        whole = len(images) // self._num_instances * self._num_instances
        return images[:whole].reshape(-1, self._num_instances).tolist()

    def draw(self, number: int) -> list[list[int]]:
        """Next groups of this many distinct identities, at most as many as there are."""
        if number == 0:
            return []
        if (self._left > 0).sum() < number:
            self._begin()
        remaining = max_batches(self._left, number)
        identities = draw_identities(self._left, number, remaining, self._rng)
        self._left[identities] -= 1
        return [next(self._groups[identity]) for identity in identities]


def count_groups(images: Sequence[np.ndarray], num_instances: int) -> np.ndarray:
    """Groups that a round has of each identity."""
    return np.array([max(len(own) // num_instances, 1) for own in images])


def max_batches(num_groups: np.ndarray, batch: int) -> int:
    """Most batches of ``batch`` distinct identities, each used once per group it has.

    T batches take at most min(g_i, T) groups of identity i, so Σ min(g_i, T) ≥ batch·T is
    necessary, and :func:`draw_identities` shows that it is enough.  Σ min(g_i, T) / T falls with T.
    """
    low, high = 0, int(num_groups.sum()) // batch
    while low < high:
        middle = (low + high + 1) // 2
        if np.minimum(num_groups, middle).sum() >= batch * middle:
            low = middle
        else:
            high = middle - 1
    return low


def draw_identities(
    num_groups: np.ndarray, batch: int, remaining: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw the distinct identities of one of the ``remaining`` batches that can still be filled.

    With R batches left, the c identities that have R groups left or more are critical and go
    first; the other places are drawn with probabilities in proportion to the groups left.

    Args:
        num_groups: Groups left of each identity.
        batch: Identities to draw.
        remaining: R, at most :func:`max_batches`.
        rng: Random generator.

    Returns:
        Places in ``num_groups``, critical ones first.
    """
    # Invariant: S = Σ min(g_i, R) ≥ batch·R, thus at least `batch` identities have groups left.
    # c ≤ batch: a critical identity loses 1 of its min(g_i, R), drawn or not, and each other one
    #   drawn loses 1, hence Σ min(g_i', R−1) = S − batch ≥ batch·(R−1).
    # c > batch: the critical ones alone keep c·(R−1) > batch·(R−1), or both are 0 at R = 1.
    with np.errstate(divide='ignore'):
        # The smallest of exponential variables with rates w is i with probability w_i / Σ w.
        keys = rng.exponential(size=len(num_groups)) / num_groups
    critical = num_groups >= remaining
    keys[critical] = -rng.random(critical.sum()) - 1
    return np.argsort(keys)[:batch]


def split_batch(quotas: Sequence[float], rng: np.random.Generator) -> list[int]:
    """Whole numbers with the sum of the quotas, each its quota rounded up or down.

    Where quotas are not whole, which ones are rounded up is drawn anew in each batch such that
    every number is its quota on average: the quotas are laid side by side from 0 on, and each
    number counts the whole numbers in its stretch after a common random shift in [0, 1).

    Args:
        quotas: Not negative, with a whole sum.
        rng: Random generator; not used where all quotas are whole.
    """
    edges = np.cumsum(quotas).round(9)  # sums of floats
    if (edges % 1).any():
        edges[:-1] = np.floor(edges[:-1] + rng.random())
    return np.diff(edges, prepend=0).astype(int).tolist()
