"""Check an unpacked data set against what is known of it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmdrop.datasets.layouts import PUBLIC_SETS, Counts, Layout, find_layout
from mmdrop.datasets.listing import Image, keep_subset, parse_image
from mmdrop.datasets.parsing.advice import source_options
from mmdrop.preparation.public_sets import cuhk03p1
from mmdrop.preparation.public_sets.checks import check_identities, compare_counts, decode_all
from mmdrop.preparation.report import CheckReport, name_some
from mmdrop.utils import IMAGE_EXTENSIONS, list_files

_LABELS = 'masks/pifpaf_maskrcnn_filtering'  # where the recipes look for parsing labels
_SUFFIXES = {'occluded_duke': '.jpg.confidence_fields.npy'}
_RECIPES = {
    'market1501': 'drop_hrnet32_market1501',
    'dukemtmc': 'drop_hrnet32_dukemtmc',
    'occluded_duke': 'drop_hrnet32_occduke',
    'p_dukemtmc': 'drop_hrnet32_pduke',
    'occluded_reid': 'drop_hrnet32_occreid',
}


def get_layout(name: str) -> Layout:
    """The row of a public set.

    Raises:
        ValueError: There is no such set.
    """
    layout = find_layout(name) if name in PUBLIC_SETS else None
    if layout is None:
        known = ', '.join((*PUBLIC_SETS, cuhk03p1.NAME))
        raise ValueError(f'the data set must be one of {known}, got {name!r}')
    return layout


def check_dataset(
    name: str,
    root: str | Path,
    decode: bool = True,
    file_names: Mapping[str, Sequence[str]] | None = None,
    processes: int | None = None,
    quiet: bool = False,
) -> CheckReport:
    """Check folders, names, counts and images of a public data set; nothing is changed.

    Args:
        name: ``'market1501'``, ``'dukemtmc'``, ``'occluded_duke'``, ``'occluded_market'``,
            ``'p_dukemtmc'``, ``'occluded_reid'``, ``'cuhk01'`` or ``'cuhk03p1_occluded'``.
        root: Folder that holds the set's folders.
        decode: Decode every image.
        file_names: Names that each subset should have, where they are known one by one.
        processes: Number of processes that decode.
        quiet: Show no progress bar.

    Raises:
        ValueError: There is no such data set.
    """
    if name == cuhk03p1.NAME:
        return cuhk03p1.check_images(Path(root), decode, processes, quiet)
    layout, root = get_layout(name), Path(root)
    report = CheckReport(title=f'{name} in {root}')
    paths: list[Path] = []
    listed: dict[str, list[Image]] = {}
    for folder in dict.fromkeys(f for folders in layout.folders.values() for f in folders):
        found = _list_folder(report, layout, root, folder)
        paths += found
        listed[folder] = _parse(report, layout, folder, found)
    subsets = {}
    for subset, folders in layout.folders.items():
        images = keep_subset(layout, subset, [i for folder in folders for i in listed[folder]])
        subsets[subset] = images
        if all((root / folder).is_dir() for folder in folders):
            known = layout.known.get(subset, Counts())
            compare_counts(report, subset, images, known, layout.verified)
        if file_names is not None and images:
            _compare_names(report, subset, images, file_names[subset])
    check_identities(report, subsets, layout.shared)
    if decode and paths:
        decode_all(report, paths, processes, quiet)
    _look_for_labels(report, name, root, subsets)
    return report


def _list_folder(report: CheckReport, layout: Layout, root: Path, folder: str) -> list[Path]:
    path = root / folder
    if not path.is_dir():
        inside = sorted(p.parent for p in root.glob(f'*/{folder}')) if root.is_dir() else []
        where = f'; it is in {inside[0]}: pass that folder' if inside else ''
        names = dict.fromkeys(f'{f}/' for names in layout.folders.values() for f in names)
        expected = ', '.join(names)
        message = f'{path} does not exist{where}' if root.is_dir() else f'{root} does not exist'
        hint = '' if where else f'\nunpack the archive so that {root} holds {expected}'
        if message + hint not in report.problems:
            report.problems.append(message + hint)
        return []
    images, others = [], []
    try:
        for file in list_files(path):
            (images if file.suffix.lower() in IMAGE_EXTENSIONS else others).append(file)
    except FileNotFoundError as error:
        report.problems.append(str(error))
        return []
    except OSError as error:
        report.problems.append(f'{path} cannot be listed ({error})\ncheck its permissions')
        return []
    if not images:
        report.problems.append(f'{path} holds no image\nunpack the archive again')
    if others:
        report.lines.append(f'{folder}: {len(others)} other files, not read: {others[0].name} …')
    return images


def _parse(report: CheckReport, layout: Layout, folder: str, paths: Sequence[Path]) -> list[Image]:
    images, wrong = [], []
    for path in paths:
        try:
            images.append(parse_image(layout, folder, path))
        except ValueError:
            wrong.append(str(path))
    if wrong:
        report.problems.append(
            f'{len(wrong)} images in {folder} are named unlike those of the set; training would '
            f'stop at them. Move them away:\n{name_some(wrong)}'
        )
    return images


def _compare_names(
    report: CheckReport, subset: str, images: Sequence[Image], names: Sequence[str]
) -> None:
    found = {image.path.name for image in images}
    missing, extra = sorted(set(names) - found), sorted(found - set(names))
    if missing:
        report.problems.append(f'{subset}: {len(missing)} images are missing\n{name_some(missing)}')
    if extra:
        report.problems.append(
            f'{subset}: {len(extra)} images are not in the list. Move them away\n{name_some(extra)}'
        )


def _look_for_labels(
    report: CheckReport, name: str, root: Path, subsets: Mapping[str, Sequence[Image]]
) -> None:
    """Count the labels of the training images, and say what comes next."""
    # Occluded-REID trains on half of all images in one of its protocols.
    images = subsets.get('train') or [i for images in subsets.values() for i in images]
    if not images:
        return
    published = _SUFFIXES.get(name, '.npy')
    folder = root / _LABELS
    numbers = {
        suffix: sum((folder / f'{i.label_stem}{suffix}').is_file() for i in images)
        for suffix in dict.fromkeys((published, '.npy', '.png'))
    }
    suffix = max(numbers, key=lambda s: numbers[s])  # the first one where there are none
    number = numbers[suffix]
    report.lines.append(
        f'{number} of {len(images)} training images have a parsing label, {_LABELS}/…{suffix}'
    )
    quoted = shlex.quote(str(root))
    if number < len(images):
        report.advice.append(
            f'mim run mmdrop make_parsing_labels {quoted} {shlex.quote(str(folder))} --layout '
            f'{name} --source … makes labels; see docs/labels.md'
        )
    elif report.ok and name in _RECIPES:
        train = f'mim train mmdrop configs/{_RECIPES[name]}.py'
        if suffix != published:
            train += f' {source_options(str(folder), suffix)}'
        report.advice.append(train)
