"""Make a parsing label for every image, whatever some of them are like."""

import colorsys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mmdrop.datasets.label_making.base import LabelMaker, NoPerson
from mmdrop.datasets.layouts import JUNK_PID, LAYOUTS, list_images, list_layout
from mmdrop.datasets.parallel import map_parallel
from mmdrop.datasets.transforms import LoadImage
from mmdrop.registry import LABEL_MAKERS

LOG_NAME = 'make_parsing_labels.log'
_PATIENCE = 100  # failures of the maker at the start of a run, without one success
# Colours for those who open a label in a viewer; golden-ratio steps keep the hues apart.
_HUES = [colorsys.hsv_to_rgb(0.618034 * i % 1, 0.65, 0.9) for i in range(255)]
_PALETTE = [0, 0, 0, *(round(255 * x) for color in _HUES for x in color)]


@dataclass
class LabelCounts:
    """What a run of :func:`make_parsing_labels` did; ``print`` it.

    Attributes:
        made: Labels that were made.
        existing: Images that had a label already.
        nobody: Images in which nobody was found, and why; their labels are background.
        failed: Images that could not be read or worked on, and why; likewise.
        root: Folder of the labels.
        suffix: What follows an image's stem.
    """

    root: str
    suffix: str
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
        source = (
            "type=LoadParsingMap, mapping='limbs'"
            if self.suffix == '.png'
            else 'type=LoadPifPafFields'
        )
        lines.append(
            f'in a config: train_dataloader.dataset.pipeline[1] = '
            f"dict({source}, root='{self.root}', num_parts=model.parsing_head.num_parts)"
        )
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
    key = 'occluded_reid_transfer' if layout == 'occluded_reid' else layout
    if layout is None or layout == 'folder':
        subsets = ['train', 'query', 'gallery'] if test else ['train']
        folders = [root / subset for subset in subsets] if layout else [root]
        paths = [path for folder in folders for path in list_images(folder, root)]
        pairs = [(path, path.relative_to(root).with_suffix('').as_posix()) for path in paths]
    elif key in LAYOUTS:
        row = LAYOUTS[key]
        subsets = list(row.folders) if test or 'train' not in row.folders else ['train']
        images = [image for subset in subsets for image in list_layout(row, root, subset)]
        pairs = [(image.path, image.label_stem) for image in images if image.pid != JUNK_PID]
    else:
        raise ValueError(f'layout must be one of {", ".join(LAYOUTS)}, folder, got {layout!r}')
    if skip is not None:
        skipped = Path(skip).resolve()
        pairs = [(path, stem) for path, stem in pairs if skipped not in path.resolve().parents]
    if not pairs:
        raise ValueError(f'{root} holds no image')
    return pairs


def make_parsing_labels(
    maker: LabelMaker | dict,
    images: Sequence[tuple[str | Path, str]],
    root: str | Path,
    processes: int | None = None,
    quiet: bool = False,
) -> LabelCounts:
    """Make the label of each image that has none yet.

    An image that cannot be read, or in which nobody is found, gets a label of background; the log
    in ``root`` says which and why. A label appears under its name when it is complete, so a killed
    run goes on where it stopped.

    Args:
        maker: A maker, or its config.
        images: Pairs of image file and label stem, from :func:`find_images`.
        root: Folder of the labels.
        processes: Number of processes, for makers that allow more than one.
        quiet: Show no progress bar.

    Raises:
        RuntimeError: The maker failed on each of the first 100 images.
    """
    maker = LABEL_MAKERS.build(maker) if isinstance(maker, dict) else maker
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    todo = [(p, stem) for p, stem in images if not _label_path(root, stem, maker).exists()]
    counts = LabelCounts(str(root), maker.suffix, existing=len(images) - len(todo))
    make_one = partial(_make_one, maker=maker, root=root)
    processes = processes if maker.parallel else 1
    results = map_parallel(make_one, todo, 'labels', processes, quiet)
    with (root / LOG_NAME).open('a', encoding='utf-8') as log:
        for kind, reason in _watch(results):
            if kind == 'made':
                counts.made += 1
                continue
            (counts.nobody if kind == 'nobody' else counts.failed).append(reason)
            log.write(f'{kind}: {reason}\n')
            log.flush()
    return counts


def _watch(results: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pass results on, and stop where the maker fails whatever it is given."""
    broken = 0
    for kind, reason in results:
        if kind != 'broken':
            broken = -1
        elif broken >= 0:
            broken += 1
            if broken == _PATIENCE:
                raise RuntimeError(f'the label maker failed on each of {broken} images: {reason}')
        yield ('failed' if kind == 'broken' else kind), reason


def _label_path(root: Path, stem: str, maker: LabelMaker) -> Path:
    return root / f'{stem}{maker.suffix}'


def _make_one(item: tuple[str | Path, str], maker: LabelMaker, root: Path) -> tuple[str, str]:
    """Make and write one label: ``'made'``, ``'nobody'``, ``'failed'`` or ``'broken'``, and why."""
    path, stem = item
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
    if kind != 'made':
        label = maker.background(shape)
    _write(_label_path(root, stem, maker), label)
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
