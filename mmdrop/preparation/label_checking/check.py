"""Read parsing labels as training would, and report what they are like."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from mmdrop.datasets.parallel import map_parallel
from mmdrop.datasets.parsing.base import FileParsingSource, ParsingSource
from mmdrop.datasets.transforms import LoadImage
from mmdrop.preparation.label_checking.report import (
    Facts,
    LabelReport,
    complain,
    complain_of_names,
    describe_files,
    describe_parts,
    describe_source,
)
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED
from mmdrop.utils import list_files

_SKEWED = 1.5  # a label whose height over width is so many times its image's is not that image's


def check_labels(
    source: ParsingSource | Mapping,
    images: Sequence[tuple[str | Path, str]] | None = None,
    processes: int | None = None,
    quiet: bool = False,
) -> LabelReport:
    """Read every label as training would, and report what they are like.

    Args:
        source: A label source, or its config; :func:`find_label_source` finds one.
        images: Pairs of image file and label stem, from :func:`find_images` or
            :func:`dataset_images`; None to look at all label files of the source's folder, each
            at its own size.
        processes: Number of processes, one for each core if left out.
        quiet: Show no progress bar.

    Raises:
        FileNotFoundError: The folder or file of the labels does not exist.
        ValueError: There are no images, and the source does not read a folder of label files.
    """
    if isinstance(source, Mapping):
        source = TRANSFORMS.build(dict(source))
    is_folder = isinstance(source, FileParsingSource)
    if images is None:
        if not is_folder:
            raise ValueError('pass the images: these labels are not one file for each image')
        images = [(None, stem) for stem in _list_stems(source)]
    items = [(None if path is None else str(path), stem) for path, stem in images]
    place = getattr(source, 'root', None) or getattr(source, 'ann_file', '')
    report = LabelReport(title=f'{place}, read by {describe_source(source)}')
    if not items:
        report.problems.append(f'{place} holds no {source.suffix} file\ncheck folder and suffix')
        return report
    facts = list(map_parallel(partial(_read_one, source=source), items, 'labels', processes, quiet))
    for item, fact in zip(items, facts, strict=True):
        getattr(report, fact.kind).append(item if fact.kind == 'usable' else fact.reason)
        if fact.counts is not None and not fact.counts[1:-1].any():
            report.empty.append(item[1])
    with_images = items[0][0] is not None
    found = len(items) - len(report.missing)
    report.lines.append(
        f'{found} of {len(items)} images have a label' if with_images else f'{found} label files'
    )
    if is_folder and with_images:
        stems = {stem for _, stem in items}
        report.unused = [stem for stem in _list_stems(source) if stem not in stems]
    describe_files(report, source, facts)
    describe_parts(report, source, [f.counts for f in facts if f.counts is not None])
    complain(report, source, len(items))
    complain_of_names(report, source, items)
    return report


def _list_stems(source: FileParsingSource) -> list[str]:
    root = Path(source.root)
    if not root.is_dir():
        raise FileNotFoundError(f'{root} is not a folder')
    names = (path.relative_to(root).as_posix() for path in list_files(root))
    return [name.removesuffix(source.suffix) for name in names if name.endswith(source.suffix)]


def _read_one(item: tuple[str | None, str], source: ParsingSource) -> Facts:
    path, stem = item
    if path is not None and not source.has_label(stem):
        return Facts('missing', f'{path} ({source.where(stem)})')
    try:
        results = LoadImage()({'img_path': path}) if path is not None else {}
    except OSError as error:
        return Facts('unreadable', str(error).partition('; replace')[0])
    kind, reason, form, values = 'usable', '', '', np.zeros(1)
    try:
        if isinstance(source, FileParsingSource):
            values = source.read(stem)
            form, own = f'{values.shape} {values.dtype}', values.shape[-2:]
            shape = results['img'].shape[:2] if results else own
            if _is_skewed(own, shape):
                kind, reason = 'skewed', f'{source.path(stem)}: {own}, {path}: {shape}'
            label = source.to_label(values, shape)
        else:
            label = source.load(stem, results)
    except (OSError, ValueError) as error:
        return Facts('broken', str(error), form)
    except Exception as error:  # whatever a source of one's own may raise
        return Facts('broken', f'{stem}: {type(error).__name__}: {error}', form)
    pixels = np.bincount(label.ravel(), minlength=256)
    counts = np.append(pixels[: source.num_parts + 1], pixels[IGNORED])
    return Facts(kind, reason, form, float(values.min()), float(values.max()), counts)


def _is_skewed(label: Sequence[int], image: Sequence[int]) -> bool:
    if tuple(label) == (1, 1):  # where an image could not be read, make_parsing_labels writes this
        return False
    ratio = label[0] / label[1] * image[1] / image[0]
    return not 1 / _SKEWED < ratio < _SKEWED
