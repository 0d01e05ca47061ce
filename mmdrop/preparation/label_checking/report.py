"""What a check of parsing labels found, as text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmdrop.datasets.parsing.base import FileParsingSource, ParsingSource
from mmdrop.datasets.parsing.keypoint_files import cached_keypoints
from mmdrop.datasets.parsing.keypoint_labels import LoadKeypointParsing
from mmdrop.datasets.parsing.keypoints import find_shared
from mmdrop.preparation.label_checking.find import count_suffixes
from mmdrop.preparation.report import CheckReport, name_some


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


class Facts(NamedTuple):
    """What was found of one image and its label."""

    kind: str  # usable, or the list of the report that the reason belongs to
    reason: str = ''
    form: str = ''  # shape and dtype of the file's content
    lowest: float = np.inf  # of its values
    highest: float = -np.inf
    counts: np.ndarray | None = None  # pixels of 0..K, and ignored ones


def describe_source(source: ParsingSource) -> str:
    """The source with the arguments that matter, as in a config."""
    options = {'groups': source.groups.name, 'num_parts': source.num_parts}
    options |= {key: getattr(source, key) for key in ('suffix', 'mapping') if hasattr(source, key)}
    if isinstance(options.get('mapping'), dict):
        options['mapping'] = 'a dict'
    return f'{type(source).__name__}({", ".join(f"{k}={v!r}" for k, v in options.items())})'


def describe_files(report: LabelReport, source: ParsingSource, facts: Sequence[Facts]) -> None:
    """Say what the files are like."""
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


def describe_parts(
    report: LabelReport, source: ParsingSource, counts: Sequence[np.ndarray]
) -> None:
    """Say how much of each part the labels show."""
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


def complain(report: LabelReport, source: ParsingSource, number: int) -> None:
    """Say what is wrong with labels and images."""
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


def complain_of_names(
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
