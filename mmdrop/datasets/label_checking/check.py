"""Read parsing labels as training would, and report what they are like."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmdrop.datasets.keypoint_files import cached_keypoints, find_shared
from mmdrop.datasets.label_checking.find import count_suffixes
from mmdrop.datasets.parallel import map_parallel
from mmdrop.datasets.parsing_base import FileParsingSource, ParsingSource
from mmdrop.datasets.parsing_sources import LoadKeypointParsing
from mmdrop.datasets.report import CheckReport, name_some
from mmdrop.datasets.transforms import LoadImage
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED

_SKEWED = 1.5  # a label whose height over width is so many times its image's is not that image's


@dataclass(kw_only=True)
class LabelReport(CheckReport):
    """Result of :func:`check_labels`; ``print`` it.

    Attributes:
        usable: Labels that can be used: pairs of image file, None where only labels were looked
            at, and label stem.
        missing: Images without a label, and where it was looked for.
        broken: Labels that cannot be used, and why.
        skewed: Labels that can be read, whose height over width is quite another than their
            image's.
        unreadable: Images that cannot be read, and why.
        empty: Stems of usable labels that show no part.
        unused: Stems of label files that belong to none of the images.
        shares: Share of an image's pixels that is ``'background'``, each part (its name) and
            ``'ignored'``; mean over the usable labels.
        shown: Share of the usable labels that show each part.
    """

    usable: list[tuple[str | None, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    skewed: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    shares: dict[str, float] = field(default_factory=dict)
    shown: dict[str, float] = field(default_factory=dict)


class _Facts(NamedTuple):
    """What was found of one image and its label."""

    kind: str  # usable, or the list of the report that the reason belongs to
    reason: str = ''
    form: str = ''  # shape and dtype of the file's content
    lowest: float = np.inf  # of its values
    highest: float = -np.inf
    counts: np.ndarray | None = None  # pixels of 0..K, and ignored ones


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
    report = LabelReport(title=f'{place}, read by {_name(source)}')
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
    _describe_files(report, source, facts)
    _describe_parts(report, source, [f.counts for f in facts if f.counts is not None])
    _complain(report, source, len(items))
    _complain_of_names(report, source, items)
    return report


def _name(source: ParsingSource) -> str:
    options = {'groups': source.groups.name, 'num_parts': source.num_parts}
    options |= {key: getattr(source, key) for key in ('suffix', 'mapping') if hasattr(source, key)}
    if isinstance(options.get('mapping'), dict):
        options['mapping'] = 'a dict'
    return f'{type(source).__name__}({", ".join(f"{k}={v!r}" for k, v in options.items())})'


def _list_stems(source: FileParsingSource) -> list[str]:
    root = Path(source.root)
    if not root.is_dir():
        raise FileNotFoundError(f'{root} is not a folder')
    paths = (path for path in root.rglob(f'*{source.suffix}') if not path.is_dir())
    files = (path.relative_to(root).as_posix() for path in paths)
    stems = (name.removesuffix(source.suffix) for name in files)
    return sorted(stem for stem in stems if not Path(stem).name.startswith('.'))


def _read_one(item: tuple[str | None, str], source: ParsingSource) -> _Facts:
    path, stem = item
    if path is not None and not source.has_label(stem):
        return _Facts('missing', f'{path} ({source.where(stem)})')
    try:
        results = LoadImage()({'img_path': path}) if path is not None else {}
    except OSError as error:
        return _Facts('unreadable', str(error).partition('; replace')[0])
    kind, reason, form, values = 'usable', '', '', np.zeros(1)
    try:
        if isinstance(source, FileParsingSource):
            values = source.read(stem)
            form = f'{values.shape} {values.dtype}'
            results.setdefault('img', np.empty((*values.shape[-2:], 3), np.uint8))
            if _is_skewed(values.shape[-2:], results['img'].shape):
                kind = 'skewed'
                reason = f'{source.path(stem)}: {values.shape[-2:]}, {path}: ' + str(
                    results['img'].shape[:2]
                )
        label = source.load(stem, results)
    except (OSError, ValueError) as error:
        return _Facts('broken', str(error), form)
    except Exception as error:  # whatever a source of one's own may raise
        return _Facts('broken', f'{stem}: {type(error).__name__}: {error}', form)
    pixels = np.bincount(label.ravel(), minlength=256)
    counts = np.append(pixels[: source.num_parts + 1], pixels[IGNORED])
    return _Facts(kind, reason, form, float(values.min()), float(values.max()), counts)


def _is_skewed(label: Sequence[int], image: Sequence[int]) -> bool:
    if tuple(label) == (1, 1):  # where an image could not be read, make_parsing_labels writes this
        return False
    ratio = label[0] / label[1] * image[1] / image[0]
    return not 1 / _SKEWED < ratio < _SKEWED


def _describe_files(report: LabelReport, source: ParsingSource, facts: Sequence[_Facts]) -> None:
    if report.unused:
        report.lines.append(
            f'{len(report.unused)} label files belong to none of the images, '
            f'such as {source.path(report.unused[0])}'
        )
    forms = Counter(fact.form for fact in facts if fact.form)
    if forms:
        shown = ', '.join(f'{number} × {form}' for form, number in forms.most_common(5))
        report.lines.append(f'shapes: {shown}' + ', …' * (len(forms) > 5))
        read = [fact for fact in facts if fact.form and fact.counts is not None]
        if read:
            low, high = min(f.lowest for f in read), max(f.highest for f in read)
            report.lines.append(f'values: {low:g} to {high:g}')


def _describe_parts(
    report: LabelReport, source: ParsingSource, counts: Sequence[np.ndarray]
) -> None:
    if not counts:
        return
    table = np.array(counts)
    shares = (table / table.sum(axis=1, keepdims=True)).mean(axis=0).tolist()
    shown = (table > 0).mean(axis=0).tolist()
    names = ('background', *source.groups.part_names, 'ignored')
    report.shares = dict(zip(names, shares, strict=True))
    report.shown = dict(zip(names[1:-1], shown[1:-1], strict=True))
    width = max(map(len, names)) + 4
    report.lines.append(f'{len(counts)} labels: share of their pixels, and of labels that show it')
    for index, (name, share) in enumerate(report.shares.items()):
        title = f'{index} {name}' if name in report.shown else name
        report.lines.append(f'  {title:{width}}{share:8.2%}  {shown[index]:7.1%}')
    if report.empty:
        report.lines.append(f'{len(report.empty)} labels show no part, such as {report.empty[0]}')


def _complain(report: LabelReport, source: ParsingSource, number: int) -> None:
    none = len(report.missing) == number
    if report.missing and source.missing == 'ignore' and not none:
        report.lines.append("missing='ignore': images without a label train the ReID branch alone")
    elif report.missing:
        hint = "make them, or set missing='ignore' to train on these images without one"
        if none and isinstance(source, FileParsingSource):
            hint = f'the folder holds {count_suffixes(source.root)}'
            hint += '; names, folder, layout or suffix may be wrong' if report.unused else ''
        _complain_of(report, report.missing, f'of {number} images have no label', hint)
    _complain_of(
        report,
        report.broken,
        'labels cannot be used; training would stop at them',
        'set `mapping`, or make or unpack them again'
        if any('not in the mapping' in reason for reason in report.broken)
        else 'make or unpack them again',
    )
    _complain_of(
        report,
        report.unreadable,
        'images cannot be read; training would stop at them',
        'unpack them again',
    )
    _complain_of(
        report,
        report.skewed,
        'labels are far from the shape (height, width) of their image',
        'height and width may have changed places, or it is the label of another image',
    )
    unseen = [name for name, share in report.shown.items() if not share]
    if unseen:
        report.problems.append(
            f'no label shows {", ".join(unseen)}: nothing would be learnt of it\n'
            'groups, mapping or threshold may be wrong'
        )


def _complain_of(report: LabelReport, names: list[str], what: str, hint: str) -> None:
    if names:
        report.problems.append(f'{len(names)} {what}\n{name_some(names)}\n{hint}')


def _complain_of_names(
    report: LabelReport, source: ParsingSource, items: Sequence[tuple[str | None, str]]
) -> None:
    """Images that would read one label because their names do not tell them apart."""
    stems = [stem for _, stem in items]
    shared = [stem for stem, number in Counter(stems).items() if number > 1]
    if isinstance(source, LoadKeypointParsing):
        shared += find_shared(cached_keypoints(source.ann_file), [*dict.fromkeys(stems)])
    _complain_of(
        report,
        shared,
        'label names stand for several images',
        'give them as many folders, or other names, as tell the images apart',
    )
