"""What is checked of any public data set, whatever its folders are like."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmdrop.datasets.layouts import Counts
from mmdrop.datasets.listing import JUNK_PID, NO_CAMERA, Image
from mmdrop.datasets.parallel import map_parallel
from mmdrop.datasets.transforms import LoadImage
from mmdrop.preparation.report import CheckReport, name_some


def compare_counts(
    report: CheckReport,
    subset: str,
    images: Sequence[Image],
    known: Counts,
    verified: bool = True,
) -> None:
    """Count a subset, and compare with what is known of it.

    Args:
        report: Gets a line, and a problem where the counts differ.
        subset: Its name.
        images: Its images; junk is not counted.
        known: Its published counts.
        verified: Whether these are certain; if not, a difference is no problem.
    """
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
    if not verified:
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


def check_identities(
    report: CheckReport, subsets: Mapping[str, Sequence[Image]], shared: int = 0
) -> None:
    """Find identities on both sides of training and test, and queries without a gallery image.

    Args:
        report: Gets the problems.
        subsets: Images of each subset.
        shared: How many identities are on both sides as published.
    """
    pids = {s: {image.pid for image in images} - {JUNK_PID} for s, images in subsets.items()}
    both = pids.get('train', set()) & (pids['query'] | pids['gallery'])
    if len(both) > shared:
        beside = f', as published {shared}' if shared else ''
        report.problems.append(
            f'{len(both)} identities are both in training and in test, such as {min(both)}{beside}'
            '\nthe folders of two sets may be mixed'
        )
    alone = pids['query'] - pids['gallery']
    if alone and pids['gallery']:
        report.problems.append(
            f'{len(alone)} identities of queries have no gallery image, such as {min(alone)}'
        )


def decode_all(
    report: CheckReport, paths: Sequence[Path], processes: int | None, quiet: bool
) -> list[tuple[int, int]]:
    """Decode images, and give the height and width of those that can be decoded.

    Args:
        report: Gets a line, or a problem that names those that cannot be decoded.
        paths: The images.
        processes: Number of processes.
        quiet: Show no progress bar.
    """
    done = map_parallel(_decode, paths, 'decoding', processes, quiet)
    damaged, sizes = [], []
    for error, size in done:
        if error:
            damaged.append(error)
        else:
            sizes.append(size)
    if damaged:
        report.problems.append(
            f'{len(damaged)} of {len(paths)} images cannot be read; training would stop at them\n'
            f'{name_some(damaged)}\nunpack them again'
        )
    else:
        report.lines.append(f'all {len(paths)} images can be decoded')
    return sizes


def _decode(path: Path) -> tuple[str, tuple[int, int]]:
    """Empty, or why an image cannot be decoded; and its height and width."""
    try:
        image = LoadImage()({'img_path': str(path)})['img']
    except OSError as error:
        return str(error).partition('; replace')[0], (0, 0)
    return '', image.shape[:2]
