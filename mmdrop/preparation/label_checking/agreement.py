"""How far two sets of parsing labels of the same images agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mmdrop.datasets.parallel import map_parallel
from mmdrop.datasets.parsing.base import ParsingSource
from mmdrop.datasets.transforms import LoadImage
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED


@dataclass(frozen=True)
class LabelAgreement:
    """Result of :func:`compare_labels`.

    Attributes:
        names: Background and the K parts.
        pixels: Pixels by their label in the reference (row) and in the other labels (column), over
            all images, ``(K+1, K+1)`` int64; those that either ignores are in none.
        images: Images compared.
        missing: Images that lack one of the labels.
        ignored: Share of the pixels that the other labels ignore, in [0, 1].
    """

    names: tuple[str, ...]
    pixels: np.ndarray
    images: int
    missing: int
    ignored: float

    def rows(self) -> list[dict[str, str | float]]:
        """One row a class and one of their means, in percent.

        ``IoU`` is intersection over union, ``precision`` the share of the class in the other labels
        that the reference has there, ``recall`` the share of the reference's that they find; NaN
        where neither has the class.
        """
        right = self.pixels.diagonal()
        expected, found = self.pixels.sum(1), self.pixels.sum(0)
        with np.errstate(invalid='ignore'):
            shares = {
                'IoU': 100 * right / (expected + found - right),
                'precision': 100 * right / found,
                'recall': 100 * right / expected,
                'pixels': 100 * expected / expected.sum(),
            }
        rows: list[dict[str, str | float]] = [
            {'part': name, **{key: float(value[k]) for key, value in shares.items()}}
            for k, name in enumerate(self.names)
        ]
        means = {key: float(np.nanmean(shares[key])) for key in ('IoU', 'precision', 'recall')}
        return [*rows, {'part': 'mean', **means, 'pixels': 100.0}]


def compare_labels(
    labels: ParsingSource | Mapping,
    reference: ParsingSource | Mapping,
    images: Sequence[tuple[str | Path, str]],
    processes: int | None = None,
    quiet: bool = False,
) -> LabelAgreement:
    """Compare labels with a reference, pixel by pixel at the size of the images.

    Args:
        labels: A label source, or its config; :func:`find_label_source` finds one.
        reference: Likewise, of the same table of parts.
        images: Pairs of image file and label stem, from :func:`find_images`; those without one of
            the two labels are counted and left out.
        processes: Number of processes, one for each core if left out.
        quiet: Show no progress bar.

    Raises:
        OSError: An image or a label cannot be read.
        ValueError: The parts differ, or no image has both labels.
    """
    given = [
        TRANSFORMS.build(dict(x)) if isinstance(x, Mapping) else x for x in (labels, reference)
    ]
    tables = [source.groups for source in given]
    if tables[0] != tables[1]:
        raise ValueError(
            f'the labels have the parts of groups={tables[0].name!r}, the reference those of '
            f'groups={tables[1].name!r}: give both the same num_parts and groups'
        )
    counted = list(map_parallel(partial(_count, sources=given), images, 'labels', processes, quiet))
    found = [pixels for pixels in counted if pixels is not None]
    if not found:
        raise ValueError(f'none of {len(images)} images has both labels')
    pixels = np.sum(found, axis=0)
    known = pixels[:-1, :-1]
    names = ('background', *tables[0].part_names)
    ignored = pixels[:, -1].sum() / pixels.sum()
    return LabelAgreement(names, known, len(found), len(images) - len(found), float(ignored))


def _count(item: tuple[str | Path, str], sources: Sequence[ParsingSource]) -> np.ndarray | None:
    """Pixels by reference and label, ``(K+2, K+2)`` with the ignored ones last."""
    path, stem = item
    if not all(source.has_label(stem) for source in sources):
        return None
    results = LoadImage()({'img_path': str(path)})
    size = sources[0].num_parts + 2
    found, expected = (
        np.where(label == IGNORED, size - 1, label).astype(np.int64)
        for label in (source.load(stem, dict(results)) for source in sources)
    )
    return np.bincount((expected * size + found).ravel(), minlength=size**2).reshape(size, size)
