"""Where the public sets keep their images and what their file names say."""

import csv
import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

IMAGE_EXTENSIONS = {'.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'}
NO_CAMERA = -1
JUNK_PID = '-1'  # as file names write it


class Image(NamedTuple):
    """One image as its data set describes it.

    Attributes:
        path: The file.
        label_stem: Its parsing label below the labels' folder, without suffix; with ``/``.
        pid: Identity, as text.
        camid: Camera from 0, or −1.
    """

    path: Path
    label_stem: str
    pid: str
    camid: int


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
        pattern: Matched at the start of a file name; named groups ``pid`` and ``camid``.
        stem: What file names without suffix are like in the published set, where that is known.
        cameras: Camera of every image of a folder, where its name does not say it.
        known: Published counts of each subset, without junk.
        verified: Whether the published counts are certain.
        half: Half of the identities are for training, drawn by :func:`draw_half`.
    """

    folders: dict[str, tuple[str, ...]]
    pattern: str
    cameras: dict[str, int] = field(default_factory=dict)
    known: dict[str, Counts] = field(default_factory=dict)
    half: bool = False
    verified: bool = True
    stem: str = '.*'


_MARKET_FOLDERS: dict[str, tuple[str, ...]] = {
    'train': ('bounding_box_train',),
    'query': ('query',),
    'gallery': ('bounding_box_test',),
}
_PID_AND_CAMERA = r'(?P<pid>-?\d+)_c(?P<camid>[1-9])'  # 0002_c1s1_000451_03.jpg
_PID = r'(?P<pid>\d+)_'
_OCCLUDED, _WHOLE = 'occluded_body_images', 'whole_body_images'

LAYOUTS = {
    'market1501': Layout(
        folders=_MARKET_FOLDERS,
        pattern=_PID_AND_CAMERA,
        stem=r'-?\d+_c\ds\d_\d+_\d+(\.jpg)?',  # some end in .jpg.jpg
        known={
            'train': Counts(12936, 751, 6),
            'query': Counts(3368, 750, 6),
            'gallery': Counts(15913, 751, 6),  # 750 and the distractors, which share pid 0
        },
    ),
    'dukemtmc': Layout(
        folders=_MARKET_FOLDERS,
        pattern=_PID_AND_CAMERA,
        stem=r'\d+_c\d_f\d+',
        known={
            'train': Counts(16522, 702, 8),
            'query': Counts(2228, 702, 8),
            'gallery': Counts(17661, 1110, 8),
        },
    ),
    'occluded_duke': Layout(
        folders=_MARKET_FOLDERS,
        pattern=_PID_AND_CAMERA,
        stem=r'\d+_c\d_f\d+',
        known={
            'train': Counts(15618, 702, 8),
            'query': Counts(2210, 519, 8),
            'gallery': Counts(17661, 1110, 8),
        },
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
}

# As users name them. Occluded-REID's folders and images are the same in both of its protocols.
PUBLIC_SETS = ('market1501', 'dukemtmc', 'occluded_duke', 'p_dukemtmc', 'occluded_reid')


def find_layout(name: str) -> Layout | None:
    """The row of a public set, with or without its protocol; None if there is no such set."""
    return LAYOUTS.get('occluded_reid_transfer' if name == 'occluded_reid' else name)


def list_layout(layout: Layout, root: Path, subset: str) -> list[Image]:
    """Images of a subset of a public set; sorted, junk included."""
    images = []
    for name in layout.folders[subset]:
        for path in list_images(root / name, root, layout):
            pid, camid = parse_name(path, layout.pattern, first_camera=1)
            images.append(
                # Published labels drop the folder that some sets have for each identity.
                Image(path, f'{name}/{path.stem}', pid, layout.cameras.get(name, camid))
            )
    return images


def list_folder(root: Path, subset: str, pattern: str | None) -> list[Image]:
    """Images of ``root/subset``: ``<pid>/...`` or, with a pattern, named by identity."""
    images = []
    for path in list_images(root / subset, root):
        below = path.relative_to(root / subset)
        if pattern is not None:
            pid, camid = parse_name(path, pattern, first_camera=0)
        elif len(below.parts) > 1:
            pid, camid = below.parts[0], NO_CAMERA
        else:
            raise ValueError(
                f'{path} is in no folder of an identity: expected {subset}/<pid>/{path.name}, '
                'or pass `pattern`, a regular expression with the group (?P<pid>...)'
            )
        label_stem = path.relative_to(root).with_suffix('').as_posix()
        images.append(Image(path, label_stem, pid, camid))
    return images


def list_csv(root: Path, ann_file: Path, subset: str) -> list[Image]:
    """Rows of a CSV file with the columns path, pid, subset and, if there are cameras, camid."""
    if not ann_file.is_file():
        raise FileNotFoundError(f'{ann_file} does not exist; set `ann_file`, relative to data_root')
    images = []
    try:
        text = ann_file.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{ann_file} is not in UTF-8 ({error})') from error
    with io.StringIO(text, newline='') as file:
        reader = csv.DictReader(file)
        missing = {'path', 'pid', 'subset'} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f'{ann_file} has no column {sorted(missing)}')
        for row in reader:
            where = f'{ann_file}, line {reader.line_num}'
            if row['subset'] not in ('train', 'query', 'gallery'):
                raise ValueError(f'{where}: subset {row["subset"]!r} is not train, query, gallery')
            if not row['path'] or not row['pid']:
                raise ValueError(f'{where}: path and pid must not be empty')
            if row['subset'] == subset:
                stem = Path(row['path']).with_suffix('').as_posix()
                camid = _camera(row.get('camid'), 0, where)
                images.append(Image(root / row['path'], stem, row['pid'], camid))
    return sorted(images)


def list_images(folder: Path, root: Path, layout: Layout | None = None) -> Iterator[Path]:
    """Image files in and below a folder, sorted; other and hidden files are left out."""
    if not folder.is_dir():
        names = ('train', 'query', 'gallery')
        tree = layout.folders.values() if layout else [(name,) for name in names]
        expected = ', '.join(dict.fromkeys(f'{name}/' for names in tree for name in names))
        raise FileNotFoundError(
            f'{folder} does not exist; set `data_root` (now {root}) to the folder that holds '
            f'{expected}'
        )
    for path in list_files(folder):
        if path.suffix.lower() in IMAGE_EXTENSIONS:
            yield path


def list_files(folder: Path) -> list[Path]:
    """Files in and below a folder, sorted, hidden ones left out.

    Raises:
        OSError: A folder cannot be listed, which :meth:`Path.rglob` would pass over.
    """

    def fail(error: OSError) -> None:
        raise error

    walk = os.walk(folder, onerror=fail)
    return sorted(
        Path(place, name) for place, _, names in walk for name in names if not name.startswith('.')
    )


def parse_name(path: Path, pattern: str, first_camera: int) -> tuple[str, int]:
    """Identity and camera (from 0, or −1 if the pattern has none) of a file name."""
    match = re.match(pattern, path.name)
    if match is None:
        raise ValueError(
            f'{path}: the file name does not match the pattern {pattern!r}; '
            'rename or remove the file, or check the layout'
        )
    groups = match.groupdict()
    return groups['pid'], _camera(groups.get('camid'), first_camera, str(path))


def _camera(text: str | None, first: int, where: str) -> int:
    if text is None or text == '':
        return NO_CAMERA
    if not text.isdecimal() or int(text) < first:
        raise ValueError(f'{where}: camera {text!r} is not a number from {first} on')
    return int(text) - first


def shuffle_pids(pids: set[int], seed: int) -> list[int]:
    """Identities in a random order that is the same on every machine.

    The sorted identities are ordered by the raw stream of PCG64, which NumPy keeps fixed between
    versions (the methods of its generators may change).
    """
    order = np.random.PCG64(seed).random_raw(len(pids)).argsort(kind='stable')
    return np.array(sorted(pids))[order].tolist()


def draw_half(pids: set[int], draw: int) -> set[int]:
    """Training identities of a half split; no official list exists."""
    return set(shuffle_pids(pids, draw)[: len(pids) // 2])


def split_queries(images: list[Image]) -> tuple[list[Image], list[Image]]:
    """Make queries and gallery of training images, to choose settings without the test set.

    The first image of an identity in each camera is a query, as in Market-1501; the others are
    the gallery.
    """
    first = {(image.pid, image.camid): image for image in reversed(images)}
    queries = set(first.values())
    return [i for i in images if i in queries], [i for i in images if i not in queries]


def number_pids(texts: list[str]) -> Callable[[str], int]:
    """Identities as integers: their own number if all have one, else their place when sorted."""
    if all(re.fullmatch(r'-?\d+', text) for text in texts):
        return int
    return {text: number for number, text in enumerate(sorted(set(texts)))}.__getitem__
