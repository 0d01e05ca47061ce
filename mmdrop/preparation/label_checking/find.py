"""Which source reads some labels, and which images they belong to."""

from collections import Counter
from pathlib import Path

from mmdrop.datasets.reid_dataset import ReIDDataset
from mmdrop.preparation.label_making.options import read_parts
from mmdrop.utils import list_files

# Of the published labels and of those that make_parsing_labels writes; the longer one goes first.
_SUFFIXES = {
    '.jpg.confidence_fields.npy': 'LoadPifPafFields',
    '.npy': 'LoadPifPafFields',
    '.png': 'LoadParsingMap',
}


def find_label_source(labels: str | Path, source: str | None = None, **options: object) -> dict:
    """Config of the label source that reads a folder or a key-point file.

    Args:
        labels: Folder of labels, or of key points, or a key-point file.
        source: Name of the source's class; the files tell it if absent.
        **options: Further arguments of the source. If absent, K is that of the labels where
            :func:`make_parsing_labels` made them for one table of parts, else 8; and index maps are
            those of :func:`make_parsing_labels` unless there is a ``mapping``.

    Raises:
        FileNotFoundError: There is no such file or folder.
        ValueError: It holds no labels of a known form.
    """
    labels = Path(labels)
    if not labels.exists():
        raise FileNotFoundError(f'{labels} does not exist')
    if source is None:
        source, options = _guess(labels, options)
    if source == 'LoadParsingMap':
        options.setdefault('mapping', 'limbs')
    if not {'num_parts', 'groups'} & options.keys():
        options |= read_parts(labels)
    options.setdefault('num_parts', 8)
    place = 'ann_file' if source == 'LoadKeypointParsing' else 'root'
    return {'type': source, place: str(labels), **options}


def _guess(labels: Path, options: dict) -> tuple[str, dict]:
    """Class of the source, and its options with the suffix of the label files."""
    if labels.is_file():
        if labels.suffix not in ('.json', '.npz'):
            raise ValueError(f'{labels}: key points are read from .json and .npz files')
        return 'LoadKeypointParsing', options
    suffix = options.get('suffix')
    if suffix is not None:
        return ('LoadPifPafFields' if str(suffix).endswith('.npy') else 'LoadParsingMap'), options
    names = _names(labels)
    found = Counter(next((s for s in _SUFFIXES if name.endswith(s)), '') for name in names)
    del found['']
    if found:
        suffix = found.most_common(1)[0][0]
        return _SUFFIXES[suffix], options | {'suffix': suffix}
    if any(name.endswith('.json') for name in names):
        return 'LoadKeypointParsing', options
    raise ValueError(
        f'{labels} holds no labels (looked for {", ".join(_SUFFIXES)} and .json, found '
        f'{count_suffixes(labels)}); check the folder, or name the source and the suffix'
    )


def count_suffixes(folder: str | Path) -> str:
    """What files lie in and below a folder: ``'40 .png, 1 .txt'``, or ``'no file'``."""
    kinds = Counter(Path(name).suffix or name for name in _names(Path(folder)))
    return ', '.join(f'{number} {kind}' for kind, number in kinds.most_common(5)) or 'no file'


def _names(folder: Path) -> list[str]:
    return [path.name for path in list_files(folder)]


def dataset_images(dataset: ReIDDataset) -> list[tuple[str, str]]:
    """Pairs of image file and label stem of a data set."""
    infos = (dataset.get_data_info(index) for index in range(len(dataset)))
    return [(info['img_path'], info['label_stem']) for info in infos]
