"""From the crops of CUHK03 to the benchmark: copying, checking, and the files beside them."""

import hashlib
import shlex
from collections.abc import Iterable
from pathlib import Path

from mmdrop.datasets.layouts import Counts
from mmdrop.datasets.listing import SUBSETS, Image, read_csv
from mmdrop.preparation.public_sets.checks import check_identities, compare_counts, decode_all
from mmdrop.preparation.public_sets.cuhk03p1.mat_file import CUHK03Mat
from mmdrop.preparation.public_sets.sources import FolderSource, Source, ZipSource, copy_files
from mmdrop.preparation.report import CheckReport, name_some

NAME = 'cuhk03p1_occluded'
FOLDER = Path(__file__).parent
FILES = ('cuhk03p1_occluded.csv', 'cuhk03p1_occlusion_labels.csv', 'cuhk03p1_keypoints17.npz')
KNOWN = {
    'train': Counts(4862, 503, 2),
    'query': Counts(376, 240, 2),
    'gallery': Counts(2939, 340, 2),
}
# Of the crops that the labels and key points were made on; see `digest`.
SIZES = '4c5f137c7b358d910cb79e04ee4d0305064a099ff9cb1f8bf5bad33f1a6ece0c'
_LIST = FILES[0]
_IMAGES = 'detected'
_WHERE = (
    'it must hold detected/train/ and detected/val/, as the repository manideep2510/CUHK03_dataset '
    'does, or be the cuhk-03.mat of CUHK03'
)


def read_names() -> list[str]:
    """Images of the benchmark, such as ``detected/train/0000_00.jpg``, sorted."""
    return sorted(f'{i.label_stem}.jpg' for images in _read_list(Path()).values() for i in images)


def prepare_images(
    root: Path, source: Path | None, decode: bool, processes: int | None, quiet: bool
) -> CheckReport:
    """Copy the images where a source is given, put list, labels and key points beside, and check.

    Args:
        root: Folder of the set.
        source: Folder or zip archive with ``detected/train`` and ``detected/val``, or
            ``cuhk-03.mat``.
        decode: Decode every image.
        processes: Number of processes that decode.
        quiet: Show no progress bar.

    Raises:
        FileNotFoundError: The source does not exist.
        ModuleNotFoundError: The source is a ``.mat`` file and h5py is not installed.
        ValueError: The source lacks images, or is not what it should be.
    """
    different: list[str] = []
    if source is not None:
        opened, names = _open(source), read_names()
        missing = [name for name in names if not opened.exists(name)]
        if missing:
            raise ValueError(
                f'{source} lacks {len(missing)} of {len(names)} images, so nothing was copied: '
                f'{_WHERE}\n{name_some(missing)}'
            )
        if isinstance(opened, CUHK03Mat):
            _check_mat(opened, source, names)
        different = copy_files(opened, root, [(name, name) for name in names], quiet)
    if (root / _IMAGES).is_dir():
        copy_files(FolderSource(FOLDER), root, [(name, name) for name in FILES], quiet)
    report = check_images(root, decode, processes, quiet)
    if different:
        report.problems.append(
            f'{len(different)} files of {root} differ from those of {source}; they were left as '
            f'they are. Move them away and start again:\n{name_some(different)}'
        )
    return report


def _open(source: Path) -> Source:
    if not source.exists():
        raise FileNotFoundError(f'{source} does not exist')
    if source.is_dir():
        return FolderSource(source)
    return CUHK03Mat(source) if source.suffix == '.mat' else ZipSource(source, _IMAGES)


def _check_mat(opened: CUHK03Mat, source: Path, names: list[str]) -> None:
    """Refuse a file whose crops are not at the places, or of the sizes, that they should have.

    All together that leaves no doubt that an image gets the name that it has in the list.
    """
    if set(opened.sizes) != set(names) or digest((n, opened.sizes[n]) for n in names) != SIZES:
        raise ValueError(
            f'{source}: the detected crops of the first camera pair are not those that the '
            'benchmark was made of: other cells are empty, or crops have other sizes'
        )


def check_images(root: Path, decode: bool, processes: int | None, quiet: bool) -> CheckReport:
    """Check the images of the benchmark and the files beside them; nothing is changed.

    Args:
        root: Folder of the set.
        decode: Decode every image, and compare the sizes with those of the crops that the labels
            and key points were made on.
        processes: Number of processes that decode.
        quiet: Show no progress bar.
    """
    report = CheckReport(title=f'{NAME} in {root}')
    listed = _read_list(root)
    images = [image for subset in listed.values() for image in subset]
    paths = sorted(image.path for image in images if image.path.is_file())
    if len(paths) < len(images):
        missing = sorted({str(image.path) for image in images} - {str(path) for path in paths})
        report.problems.append(
            f'{len(missing)} of {len(images)} images are missing\n{name_some(missing)}\n'
            f'name their folder, archive or cuhk-03.mat as `--source`; {_WHERE}'
        )
    there = {s: [i for i in subset if i.path.is_file()] for s, subset in listed.items()}
    for subset in SUBSETS:
        compare_counts(report, subset, there[subset], KNOWN[subset])
    check_identities(report, there)
    _check_files(report, root)
    if decode and paths:
        sizes = decode_all(report, paths, processes, quiet)
        names = (path.relative_to(root).as_posix() for path in paths)
        complete = len(sizes) == len(images)
        if complete and digest(zip(names, sizes, strict=True)) != SIZES:
            report.problems.append(
                'images have other sizes than the crops that labels and key points were made on\n'
                'copy the crops as they are in detected/train/ and detected/val/, not resized'
            )
    if report.ok:
        report.advice.append(
            'a recipe reads it from data/cuhk03p1 with `from '
            f'mmdrop.configs._base_.datasets.{NAME} import *`; see docs/datasets.md'
        )
    return report


def digest(sizes: Iterable[tuple[str, tuple[int, int]]]) -> str:
    """SHA-256 over a line ``name height width`` for each image, sorted by name."""
    lines = sorted(f'{name} {height} {width}\n' for name, (height, width) in sizes)
    return hashlib.sha256(''.join(lines).encode()).hexdigest()


def _read_list(root: Path) -> dict[str, list[Image]]:
    return read_csv(root, FOLDER / _LIST)


def _check_files(report: CheckReport, root: Path) -> None:
    """Compare list, labels and key points with those of the package."""
    before = len(report.problems)
    command = f'mim run mmdrop prepare_dataset {NAME} {shlex.quote(str(root))}'
    for name in FILES:
        if not (root / name).is_file():
            report.problems.append(f'{root / name} does not exist\n`{command}` puts it there')
        elif (root / name).read_bytes() != (FOLDER / name).read_bytes():
            report.problems.append(
                f'{root / name} differs from the one of this version of mmdrop\n'
                f'move it away, and `{command}` puts that one there'
            )
    if len(report.problems) == before:
        report.lines.append('list, annotations and key points are those of this version of mmdrop')
