"""Counts of a subset, to log and to compare with the published ones."""

from collections.abc import Sequence

from mmdrop.datasets.layouts import Counts
from mmdrop.datasets.listing.checking import Listed
from mmdrop.datasets.listing.images import NO_CAMERA


def count_images(listed: Sequence[Listed]) -> Counts:
    """How many images, identities and cameras there are."""
    pids = {item.pid for item in listed}
    cameras = {item.image.camid for item in listed} - {NO_CAMERA}
    return Counts(len(listed), len(pids), len(cameras))


def describe_counts(counts: Counts) -> str:
    """Counts as text; those that are not known are left out."""
    units = zip(counts, ('images', 'identities', 'cameras'), strict=True)
    return ', '.join(f'{number} {unit}' for number, unit in units if number is not None)
