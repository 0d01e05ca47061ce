"""Check an unpacked data set against what is known of it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmdrop.datasets.layouts import PUBLIC_SETS, Counts, Layout, find_layout
from mmdrop.datasets.listing import JUNK_PID, NO_CAMERA, Image, parse_name
from mmdrop.datasets.parallel import map_parallel
from mmdrop.datasets.parsing.advice import source_options
from mmdrop.datasets.transforms import LoadImage
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
        raise ValueError(f'the data set must be one of {", ".join(PUBLIC_SETS)}, got {name!r}')
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
        name: ``'market1501'``, ``'dukemtmc'``, ``'occluded_duke'``, ``'p_dukemtmc'`` or
            ``'occluded_reid'``.
        root: Folder that holds the set's folders.
        decode: Decode every image.
        file_names: Names that each subset should have, where they are known one by one.
        processes: Number of processes that decode.
        quiet: Show no progress bar.

    Raises:
        ValueError: There is no such data set.
    """
    layout, root = get_layout(name), Path(root)
    report = CheckReport(title=f'{name} in {root}')
    subsets, paths = {}, []
    for subset, folders in layout.folders.items():
        images: list[Image] = []
        for folder in folders:
            found = _list_folder(report, layout, root, folder)
            paths += found
            images += _parse(report, layout, folder, found)
        subsets[subset] = images
        if all((root / folder).is_dir() for folder in folders):
            _compare_counts(report, subset, images, layout)
        if file_names is not None and images:
            _compare_names(report, subset, images, file_names[subset])
    _check_identities(report, subsets)
    if decode and paths:
        _decode_all(report, paths, processes, quiet)
    _look_for_labels(report, name, root, subsets)
    return report


def _list_folder(report: CheckReport, layout: Layout, root: Path, folder: str) -> list[Path]:
    path = root / folder
    if not path.is_dir():
        inside = sorted(p.parent for p in root.glob(f'*/{folder}')) if root.is_dir() else []
        where = f'; it is in {inside[0]}: pass that folder' if inside else ''
        expected = ', '.join(f'{f}/' for names in layout.folders.values() for f in names)
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
            pid, camid = parse_name(path, layout.pattern, first_camera=1)
        except ValueError:
            wrong.append(str(path))
            continue
        camid = layout.cameras.get(folder, camid)
        images.append(Image(path, f'{folder}/{path.stem}', pid, camid))
    if wrong:
        report.problems.append(
            f'{len(wrong)} images in {folder} are named unlike those of the set; training would '
            f'stop at them. Move them away:\n{name_some(wrong)}'
        )
    return images


def _compare_counts(
    report: CheckReport, subset: str, images: Sequence[Image], layout: Layout
) -> None:
    known = layout.known.get(subset, Counts())
    kept = [image for image in images if image.pid != JUNK_PID]
    cameras = {image.camid for image in kept} - {NO_CAMERA}
    found = Counts(len(kept), len({int(image.pid) for image in kept}), len(cameras))
    text = '{:8} {:6} images {:5} identities {:2} cameras'.format(subset, *found)
    if len(kept) < len(images):
        text += f', {len(images) - len(kept)} junk images (pid -1) left out'
    report.lines.append(text)
    differences = [
        f'{number} {unit} instead of {expected} ({number - expected:+d})'
        for number, expected, unit in zip(found, known, Counts._fields, strict=True)
        if expected is not None and number != expected
    ]
    if not differences or not images:
        return
    if not layout.verified:
        report.lines.append(
            f'{subset}: {", ".join(differences)}; the counts of this set are from the literature '
            'and not certain'
        )
        return
    number = (found.images or 0) - (known.images or 0)
    causes = ('file names are wrong', 'images are extra', 'images are missing')
    cause = causes[(number > 0) - (number < 0)]
    advice = ': unpack the archive again' if number < 0 else ''
    report.problems.append(f'{subset}: {", ".join(differences)}\n{cause}{advice}')


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


def _check_identities(report: CheckReport, subsets: Mapping[str, Sequence[Image]]) -> None:
    pids = {s: {image.pid for image in images} - {JUNK_PID} for s, images in subsets.items()}
    both = pids.get('train', set()) & (pids['query'] | pids['gallery'])
    if both:
        report.problems.append(
            f'{len(both)} identities are both in training and in test, such as {min(both)}\n'
            'the folders of two sets may be mixed'
        )
    alone = pids['query'] - pids['gallery']
    if alone and pids['gallery']:
        report.problems.append(
            f'{len(alone)} identities of queries have no gallery image, such as {min(alone)}'
        )


def _decode_all(
    report: CheckReport, paths: Sequence[Path], processes: int | None, quiet: bool
) -> None:
    damaged = [e for e in map_parallel(_decode, paths, 'decoding', processes, quiet) if e]
    if damaged:
        report.problems.append(
            f'{len(damaged)} of {len(paths)} images cannot be read; training would stop at them\n'
            f'{name_some(damaged)}\nunpack them again'
        )
    else:
        report.lines.append(f'all {len(paths)} images can be decoded')


def _decode(path: Path) -> str:
    """Empty, or why an image cannot be decoded."""
    try:
        LoadImage()({'img_path': str(path)})
    except OSError as error:
        return str(error).partition('; replace')[0]
    return ''


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
    elif report.ok:
        train = f'mim train mmdrop configs/{_RECIPES[name]}.py'
        if suffix != published:
            train += f' {source_options(str(folder), suffix)}'
        report.advice.append(train)
