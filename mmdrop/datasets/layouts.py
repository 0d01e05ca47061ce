"""Where the public sets keep their images and what their file names say."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Counts(NamedTuple):
    """Images, identities and cameras of a subset; None where no verified number is known."""

    images: int | None = None
    identities: int | None = None
    cameras: int | None = None


@dataclass(frozen=True)
class Layout:
    """One row of the table.

    Attributes:
        folders: Subset (train, query, gallery) to its folders below the data root.
        pattern: What file names are like, all of them where that is known; named groups ``pid``
            and ``camid``.
        cameras: Camera of every image of a folder, or with a text in the group ``view`` of its
            name, where the name does not say it.
        only_camera: The camera whose images alone make up a subset that shares its folder.
        known: Published counts of each subset, without junk.
        verified: Whether the published counts are certain.
        shared: How many identities are both in training and in test, as published.
        half: Half of the identities are for training, drawn by :func:`draw_half`.
    """

    folders: dict[str, tuple[str, ...]]
    pattern: str
    cameras: dict[str, int] = field(default_factory=dict)
    only_camera: dict[str, int] = field(default_factory=dict)
    known: dict[str, Counts] = field(default_factory=dict)
    half: bool = False
    verified: bool = True
    shared: int = 0


_MARKET_FOLDERS: dict[str, tuple[str, ...]] = {
    'train': ('bounding_box_train',),
    'query': ('query',),
    'gallery': ('bounding_box_test',),
}
_PID_AND_CAMERA = r'(?P<pid>-?[0-9]+)_c(?P<camid>[0-9]+)'
_MARKET = rf'{_PID_AND_CAMERA}s[0-9]+_[0-9]+_[0-9]+(\.jpg)?\.\w+\Z'  # 0002_c1s1_000451_03.jpg.jpg
_DUKE = rf'{_PID_AND_CAMERA}_f[0-9]+\.\w+\Z'  # 0005_c2_f0046985.jpg
# As Market-1501's, or without the third number: 0002_c2s0014_092.jpg, a frame of MARS
_OCCLUDED_MARKET = rf'{_PID_AND_CAMERA}s[0-9]+_[0-9]+(_[0-9]+)?(\.jpg)?\.\w+\Z'
_PID = r'(?P<pid>[0-9]+)_'
_OCCLUDED, _WHOLE = 'occluded_body_images', 'whole_body_images'

LAYOUTS = {
    'market1501': Layout(
        folders=_MARKET_FOLDERS,
        pattern=_MARKET,
        known={
            'train': Counts(12936, 751, 6),
            'query': Counts(3368, 750, 6),
            'gallery': Counts(15913, 751, 6),  # 750 and the distractors, which share pid 0
        },
    ),
    'dukemtmc': Layout(
        folders=_MARKET_FOLDERS,
        pattern=_DUKE,
        known={
            'train': Counts(16522, 702, 8),
            'query': Counts(2228, 702, 8),
            'gallery': Counts(17661, 1110, 8),
        },
    ),
    'occluded_duke': Layout(
        folders=_MARKET_FOLDERS,
        pattern=_DUKE,
        known={
            'train': Counts(15618, 702, 8),
            'query': Counts(2210, 519, 8),
            'gallery': Counts(17661, 1110, 8),
        },
    ),
    'occluded_market': Layout(
        folders={
            'train': ('occluded_train',),
            'query': ('occluded_query',),
            'gallery': ('bounding_box_test',),
        },
        pattern=_OCCLUDED_MARKET,
        # As counted in the published lists, which put 29 of the gallery's identities into training
        known={
            'train': Counts(9287, 780, 6),
            'query': Counts(2343, 533, 6),
            'gallery': Counts(15913, 751, 6),
        },
        shared=29,
    ),
    'p_dukemtmc': Layout(
        folders={
            'train': (f'train/{_OCCLUDED}', f'train/{_WHOLE}'),
            'query': (f'test/{_OCCLUDED}',),
            'gallery': (f'test/{_WHOLE}',),
        },
        pattern=_PID,
        cameras={
            f'{split}/{folder}': camid
            for split in ('train', 'test')
            for camid, folder in enumerate((_OCCLUDED, _WHOLE))
        },
        verified=False,
        # From the literature; their sums are the 24,143 images and 1,299 identities of its authors.
        known={
            'train': Counts(12927, 665),
            'query': Counts(2163, 634),
            'gallery': Counts(9053, 634),
        },
    ),
    'occluded_reid_transfer': Layout(
        folders={'query': (_OCCLUDED,), 'gallery': (_WHOLE,)},
        pattern=_PID,
        cameras={_OCCLUDED: 0, _WHOLE: 1},
        known={'query': Counts(1000, 200, 1), 'gallery': Counts(1000, 200, 1)},
    ),
    'occluded_reid_half': Layout(
        folders={'train': (_OCCLUDED, _WHOLE), 'query': (_OCCLUDED,), 'gallery': (_WHOLE,)},
        pattern=_PID,
        cameras={_OCCLUDED: 0, _WHOLE: 1},
        known={
            'train': Counts(1000, 100, 2),
            'query': Counts(500, 100, 1),
            'gallery': Counts(500, 100, 1),
        },
        half=True,
    ),
    'cuhk01': Layout(
        folders={'train': ('campus',), 'query': ('campus',), 'gallery': ('campus',)},
        pattern=r'(?P<pid>[0-9]{4})(?P<view>00[1-4])\.\w+\Z',  # 0001003.png
        cameras={'001': 0, '002': 0, '003': 1, '004': 1},
        only_camera={'query': 0, 'gallery': 1},
        known={
            'train': Counts(3884, 971, 2),
            'query': Counts(1942, 971, 1),
            'gallery': Counts(1942, 971, 1),
        },
        shared=971,
    ),
}

# As users name them. Occluded-REID's folders and images are the same in both of its protocols.
PUBLIC_SETS = (
    *('market1501', 'dukemtmc', 'occluded_duke', 'occluded_market', 'p_dukemtmc'),
    *('occluded_reid', 'cuhk01'),
)


def find_layout(name: str) -> Layout | None:
    """The row of a public set, with or without its protocol; None if there is no such set."""
    return LAYOUTS.get('occluded_reid_transfer' if name == 'occluded_reid' else name)
