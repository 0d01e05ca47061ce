"""Parts of a set that are the same on every machine: halves, drawn identities, validation."""

import numpy as np

from mmdrop.datasets.listing.images import Image


def shuffle_pids(pids: set[int], seed: int) -> list[int]:
    """Identities in a random order that is the same on every machine.

    The sorted identities are ordered by the raw stream of PCG64, which NumPy keeps fixed between
    versions (the methods of its generators may change).
    """
    order = np.random.PCG64(seed).random_raw(len(pids)).argsort(kind='stable')
    return np.array(sorted(pids))[order].tolist()


def are_shares(places: tuple[float, float]) -> bool:
    """Whether places in an order are given as shares of its length."""
    return any(isinstance(place, float) for place in places)


def draw_half(pids: set[int], draw: int) -> set[int]:
    """Training identities of a half split; no official list exists."""
    return set(shuffle_pids(pids, draw)[: len(pids) // 2])


def select_pids(pids: set[int], places: tuple[float, float]) -> set[int]:
    """Identities from the first to before the second place of a fixed random order.

    Args:
        pids: All identities.
        places: Whole numbers, or two shares of all identities, the last 1.0 at most.

    Raises:
        ValueError: There are not so many.
    """
    if are_shares(places):
        places = round(places[0] * len(pids)), round(places[1] * len(pids))
    start, stop = map(int, places)
    if stop > len(pids):
        raise ValueError(f'identities={places}: the split has {len(pids)} identities')
    return set(shuffle_pids(pids, seed=0)[start:stop])


def split_queries(images: list[Image]) -> tuple[list[Image], list[Image]]:
    """Make queries and gallery of training images, to choose settings without the test set.

    The first image of an identity in each camera is a query, as in Market-1501; the others are
    the gallery.
    """
    first = {(image.pid, image.camid): image for image in reversed(images)}
    queries = set(first.values())
    return [i for i in images if i in queries], [i for i in images if i not in queries]
