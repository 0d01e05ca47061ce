"""Make a parsing label for every image, whatever some of them are like."""

import colorsys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mmdrop.datasets.layouts import PUBLIC_SETS, find_layout
from mmdrop.datasets.listing import JUNK_PID, list_layout, missing_folder
from mmdrop.datasets.parallel import map_parallel, show_progress
from mmdrop.datasets.parsing.advice import source_lines, source_options
from mmdrop.datasets.parsing.part_groups import PartGroups
from mmdrop.datasets.transforms import LoadImage
from mmdrop.preparation.label_making.base import LabelMaker, NoPerson
from mmdrop.preparation.label_making.batches import BatchLabelMaker, label_batches
from mmdrop.preparation.label_making.options import OPTIONS_NAME, keep_options
from mmdrop.registry import LABEL_MAKERS
from mmdrop.utils import list_image_files

LOG_NAME = 'make_parsing_labels.log'
_PATIENCE = 100  # failures of the maker in a row that end a run
# Colours for those who open a label in a viewer; golden-ratio steps keep the hues apart.
_HUES = [colorsys.hsv_to_rgb(0.618034 * i % 1, 0.65, 0.9) for i in range(255)]
_PALETTE = [0, 0, 0, *(round(255 * x) for color in _HUES for x in color)]


@dataclass
class LabelCounts:
    """What a run of :func:`make_parsing_labels` did; ``print`` it.

    Attributes:
        made: Labels that were made.
        existing: Images that had a label already.
        nobody: Images in which nobody was found, and why: no pose, no entry in the file …; their
            labels are background.
        failed: Images that could not be read or worked on, and why; likewise.
        root: Folder of the labels.
        suffix: What follows an image's stem.
        groups: Table of parts that the labels fill; None if they fill any.
    """

    root: str
    suffix: str
    groups: PartGroups | None = None
    made: int = 0
    existing: int = 0
    nobody: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f'{self.made} labels made in {self.root}, {self.existing} were there already; '
            f'all background: {len(self.nobody)} where nobody was found, '
            f'{len(self.failed)} that could not be read'
        ]
        for title, reasons in (('nobody', self.nobody), ('failed', self.failed)):
            lines += [f'  {title}: {reason}' for reason in reasons[:5]]
        if self.nobody or self.failed:
            lines.append(f'  all of them: {Path(self.root, LOG_NAME)}')
        if self.groups is not None:
            names = ', '.join(f'{k} {name}' for k, name in enumerate(self.groups.part_names, 1))
            lines.append(f'they show {len(self.groups.parts)} parts: {names}')
        lines.append('in a config:')
        lines += [f'  {line}' for line in source_lines(self.root, self.suffix, self.groups)]
        lines.append('or, with a recipe that reads the published labels:')
        lines.append(f'  {source_options(self.root, self.suffix, self.groups)}')
        return '\n'.join(lines)


def find_images(
    root: str | Path,
    layout: str | None = None,
    test: bool = False,
    skip: str | Path | None = None,
) -> list[tuple[Path, str]]:
    """Images to label: pairs of file and label stem, the label's name below the labels' folder.

    Args:
        root: Folder of images, or data root of a layout.
        layout: One of :class:`ReIDDataset`, of which the training images are meant: a public set,
            whose published labels leave identity folders out, or ``'folder'``; None for all
            images in and below ``root``.
        test: Queries and gallery of the layout too, to score predicted parsing by.
        skip: Folder below ``root`` that holds labels.

    Raises:
        FileNotFoundError: A folder does not exist.
        ValueError: There is no such layout, or no image.
    """
    root = Path(root)
    row = find_layout(layout or '')
    if layout is None or layout == 'folder':
        subsets = ['train', 'query', 'gallery'] if test else ['train']
        folders = [root / subset for subset in subsets] if layout else [root]
        missing = next((folder for folder in folders if not folder.is_dir()), None)
        if missing is not None:
            raise missing_folder(missing, root)
        paths = [path for folder in folders for path in list_image_files(folder)]
        pairs = [(path, path.relative_to(root).with_suffix('').as_posix()) for path in paths]
    elif row is not None:
        subsets = list(row.folders) if test or 'train' not in row.folders else ['train']
        images = [image for subset in subsets for image in list_layout(row, root, subset)]
        named = [(image.path, image.label_stem) for image in images if image.pid != JUNK_PID]
        pairs = list(dict.fromkeys(named))  # subsets may share images
    else:
        names = ', '.join((*PUBLIC_SETS, 'folder'))
        raise ValueError(f'layout must be one of {names}, got {layout!r}')
    if skip is not None:
        skipped = Path(skip).resolve()
        pairs = [(path, stem) for path, stem in pairs if skipped not in path.resolve().parents]
    if not pairs:
        hint = '' if skip is None else f' outside {skip}, where the labels are'
        raise ValueError(f'{root} holds no image{hint}')
    return pairs


def make_parsing_labels(
    maker: LabelMaker | dict,
    images: Sequence[tuple[str | Path, str]],
    root: str | Path,
    processes: int | None = None,
    quiet: bool = False,
    redo: bool = False,
) -> LabelCounts:
    """Make the label of each image that has none yet.

    An image that cannot be read, or in which nobody is found, gets a label of background; the log
    in ``root`` says which and why. A label appears under its name when it is complete, so a killed
    run goes on where it stopped. The config of the maker is kept beside the labels.

    Args:
        maker: A maker, or its config.
        images: Pairs of image file and label stem, from :func:`find_images`.
        root: Folder of the labels.
        processes: Number of processes, for makers that allow more than one; of those that decode
            images, for makers that label many at once.
        quiet: Show no progress bar.
        redo: Make labels that show no part again, as of images that could not be read.

    Raises:
        RuntimeError: The maker failed on 100 images in a row.
        ValueError: Two images have one label name, or the labels in ``root`` were made with
            another config.
    """
    config = None
    if isinstance(maker, dict):
        config, maker = maker, LABEL_MAKERS.build(dict(maker))
    _refuse_twice(images)
    maker.prepare([stem for _, stem in images])
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    if config is not None:
        keep_options(root / OPTIONS_NAME, config, maker.groups)
    items = [(path, stem, root / f'{stem}{maker.suffix}') for path, stem in images]
    todo = [i for i in items if not i[2].exists() or (redo and not _shows_something(i[2]))]
    counts = LabelCounts(str(root), maker.suffix, maker.groups, existing=len(images) - len(todo))
    results = _make_all(todo, maker, processes, quiet)
    broken = []
    with (root / LOG_NAME).open('a', encoding='utf-8') as log:
        for (*_, target), (kind, reason) in zip(todo, _watch(results), strict=True):
            if kind == 'made':
                counts.made += 1
                continue
            if kind == 'broken':
                broken.append(target)
                kind = 'failed'
            getattr(counts, kind).append(reason)
            log.write(f'{kind}: {reason}\n')
            log.flush()
    # At the end: a run that stops for a broken maker must not leave labels of its failures.
    for target in broken:
        _write(target, maker.background((1, 1)))
    return counts


def _refuse_twice(images: Sequence[tuple[str | Path, str]]) -> None:
    known: dict[str, str | Path] = {}
    for path, stem in images:
        if stem in known:
            raise ValueError(f'{known[stem]} and {path} would have one label, {stem}: rename one')
        known[stem] = path


def _shows_something(path: Path) -> bool:
    try:
        return bool(
            np.any(np.load(path) if path.suffix == '.npy' else np.asarray(Image.open(path)))
        )
    except (OSError, ValueError):
        return False


def _watch(results: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pass results on, and stop where the maker fails whatever it is given."""
    broken = 0
    for kind, reason in results:
        broken = broken + 1 if kind == 'broken' else 0
        if broken == _PATIENCE:
            raise RuntimeError(
                f'the label maker failed on each of {broken} images in a row: {reason}'
            )
        yield kind, reason


def _make_all(
    todo: Sequence[tuple[str | Path, str, Path]],
    maker: LabelMaker,
    processes: int | None,
    quiet: bool,
) -> Iterator[tuple[str, str]]:
    """Make labels, in order; as :func:`_make_one` says of each."""
    if not isinstance(maker, BatchLabelMaker):
        processes = processes if maker.parallel else 1
        yield from map_parallel(partial(_make_one, maker=maker), todo, 'labels', processes, quiet)
        return
    made = label_batches([path for path, *_ in todo], maker, processes)
    for (*_, target), (kind, reason, label) in zip(
        todo, show_progress(made, len(todo), 'labels', quiet), strict=True
    ):
        if kind != 'broken':
            _write(target, label)
        yield kind, reason


def _make_one(item: tuple[str | Path, str, Path], maker: LabelMaker) -> tuple[str, str]:
    """Make one label: ``'made'``, ``'nobody'``, ``'failed'`` or ``'broken'`` (not written), why."""
    path, stem, target = item
    kind, reason = 'made', ''
    shape = (1, 1)  # of an image that cannot be read
    try:
        image = LoadImage()({'img_path': str(path)})['img']
        shape = image.shape[:2]
        label = maker.make(image, stem)
    except NoPerson as error:
        kind, reason = 'nobody', f'{path}: {error}'
    except OSError as error:
        kind, reason = 'failed', str(error).partition('; replace')[0]
    except Exception as error:  # whatever a model may raise
        kind, reason = 'broken', f'{path}: {type(error).__name__}: {error}'
    if kind in ('nobody', 'failed'):
        label = maker.background(shape)
    if kind != 'broken':
        _write(target, label)
    return kind, reason


def _write(path: Path, label: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    with part.open('wb') as file:
        if path.suffix == '.npy':
            np.save(file, label)
        else:
            image = Image.fromarray(label, 'P')
            image.putpalette(_PALETTE)
            image.save(file, format='PNG', compress_level=1)
    part.rename(path)
