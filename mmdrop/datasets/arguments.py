"""Which arguments of a data set go together."""

import re

from mmdrop.datasets.layouts import PUBLIC_SETS
from mmdrop.datasets.splits import are_shares

NUM_DRAWS = 10
SPLITS = {'train': ('train',), 'val': ('query', 'gallery'), 'test': ('query', 'gallery')}
LAYOUT_NAMES = (*PUBLIC_SETS, 'folder', 'csv')


def check_arguments(
    layout: str,
    split: str,
    protocol: str | None,
    draw: int,
    pattern: str | None,
    ann_file: str,
    identities: tuple[float, float] | None,
) -> None:
    """Refuse arguments of :class:`ReIDDataset` that are wrong or do not go together.

    Raises:
        ValueError: They are.
    """
    if layout not in LAYOUT_NAMES:
        raise ValueError(f'layout must be one of {LAYOUT_NAMES}, got {layout!r}')
    if split not in SPLITS:
        raise ValueError(f"split must be 'train', 'val' or 'test', got {split!r}")
    if identities is not None and not 0 <= identities[0] < identities[1]:
        raise ValueError(f'identities must be two rising places from 0, got {identities}')
    if identities is not None and are_shares(identities) and identities[1] > 1:
        raise ValueError(f'identities as shares end at 1.0 at most, got {identities}')
    if layout == 'occluded_reid' and protocol not in ('transfer', 'half'):
        raise ValueError(
            "layout='occluded_reid' needs protocol='transfer' (test on all images) or 'half' "
            f'(train on half of the identities): their scores do not compare; got {protocol!r}'
        )
    if layout != 'occluded_reid' and protocol is not None:
        raise ValueError(f"protocol is for layout='occluded_reid' only, layout is {layout!r}")
    if draw not in range(NUM_DRAWS) or (draw and protocol != 'half'):
        raise ValueError(f"draw must be 0..{NUM_DRAWS - 1} and needs protocol='half', got {draw}")
    if pattern is not None and layout != 'folder':
        raise ValueError(f"pattern is for layout='folder' only, layout is {layout!r}")
    if pattern is not None and 'pid' not in re.compile(pattern).groupindex:
        raise ValueError(f'pattern needs the named group (?P<pid>...), got {pattern!r}')
    if (layout == 'csv') != bool(ann_file):
        raise ValueError(f"layout='csv' and ann_file go together, got {layout!r}, {ann_file!r}")
