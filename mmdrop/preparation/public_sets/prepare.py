"""From downloaded archives to folders that a recipe can read."""

from pathlib import Path

from mmdrop.preparation.public_sets import cuhk03p1, occluded_duke, occluded_market
from mmdrop.preparation.public_sets.checking import check_dataset, get_layout
from mmdrop.preparation.public_sets.sources import FolderSource, Source, ZipSource, copy_files
from mmdrop.preparation.report import CheckReport, name_some

Copies = list[tuple[str, str]]
_BUILT = ('occluded_duke', 'occluded_market')  # from lists and another set


def prepare_dataset(
    name: str,
    root: str | Path,
    source: str | Path | None = None,
    lists: str | Path | None = None,
    decode: bool = True,
    processes: int | None = None,
    quiet: bool = False,
    mars: str | Path | None = None,
) -> CheckReport:
    """Unpack or build a public data set where a source is given, and check it.

    Files that are there already are neither overwritten nor deleted, so a second call goes on
    where the first one stopped.

    Args:
        name: ``'market1501'``, ``'dukemtmc'``, ``'occluded_duke'``, ``'occluded_market'``,
            ``'p_dukemtmc'``, ``'occluded_reid'``, ``'cuhk01'`` or ``'cuhk03p1_occluded'``.
        root: Folder of the set.
        source: Zip archive of the set, to unpack it; for Occluded-Duke archive or folder of
            DukeMTMC-reID, for Occluded-Market of Market-1501, to build it; for
            CUHK03-P1-Occluded folder or archive with ``detected/train`` and ``detected/val``, or
            ``cuhk-03.mat``. None only checks.
        lists: Occluded-Duke and Occluded-Market only: folder of the published lists,
            ``train.list``, ``query.list`` and ``gallery.list``, or ``train_market.list`` and so on.
        decode: Decode every image.
        processes: Number of processes that decode.
        quiet: Show no progress bar.
        mars: Occluded-Market only: folder of MARS, with ``bbox_train`` and ``bbox_test``.

    Returns:
        What was found; ``report.ok`` says whether the set is complete.

    Raises:
        FileNotFoundError: The source, a list or MARS does not exist.
        ModuleNotFoundError: The source is ``cuhk-03.mat`` and h5py is not installed.
        ValueError: There is no such set, or the arguments, the source or a list do not fit.
    """
    root = Path(root)
    _check_arguments(name, source, lists, mars)
    if name == cuhk03p1.NAME:
        place = None if source is None else Path(source)
        return cuhk03p1.prepare_images(root, place, decode, processes, quiet)
    different: list[str] = []
    if source is not None:
        source = Path(source)
        if not source.exists():
            raise FileNotFoundError(f'{source} does not exist')
        for opened, copies in _plan(name, source, lists, mars):
            different += copy_files(opened, root, copies, quiet)
    names = None if lists is None else _read_names(name, Path(lists))
    report = check_dataset(name, root, decode, names, processes, quiet)
    if different:
        report.problems.append(
            f'{len(different)} files of {root} differ from those of {source}; they were left as '
            f'they are. Move them away and start again:\n{name_some(different)}'
        )
    return report


def _check_arguments(
    name: str, source: str | Path | None, lists: str | Path | None, mars: str | Path | None
) -> None:
    if name != cuhk03p1.NAME:
        get_layout(name)
    if lists is not None and name not in _BUILT:
        raise ValueError(f'lists are for {" and ".join(_BUILT)}, the data set is {name}')
    if mars is not None and name != 'occluded_market':
        raise ValueError(f'mars is for occluded_market, the data set is {name}')
    if source is not None and name in _BUILT and lists is None:
        raise ValueError(f'building {name} needs the folder of the published lists')
    if name == 'occluded_market' and (source is None) != (mars is None):
        raise ValueError(
            'building occluded_market needs Market-1501 as source and the folder of MARS as mars'
        )


def _read_names(name: str, lists: Path) -> dict[str, list[str]]:
    """File names of each subset of a set that is built from lists."""
    if name == 'occluded_market':
        return occluded_market.list_names(occluded_market.read_lists(lists))
    return occluded_duke.read_lists(lists)


def _plan(
    name: str, source: Path, lists: str | Path | None, mars: str | Path | None
) -> list[tuple[Source, Copies]]:
    """What to copy from where."""
    first = next(iter(get_layout(name).folders.values()))[0]
    if lists is None:
        if source.is_dir():
            raise ValueError(f'{source} is a folder already: pass it as the folder of {name}')
        opened = ZipSource(source, first)
        return [(opened, [(member, member) for member in opened.names])]
    original = FolderSource(source) if source.is_dir() else ZipSource(source, 'bounding_box_train')
    if mars is None:
        copies, missing = occluded_duke.plan_copies(
            occluded_duke.read_lists(Path(lists)), original.exists
        )
        _refuse_missing(missing, str(source), 'the whole of DukeMTMC-reID')
        return [(original, copies)]
    tracklets = FolderSource(_find_mars(Path(mars)))
    copies, frames, missing = occluded_market.plan_copies(
        occluded_market.read_lists(Path(lists)), original.exists, tracklets.exists
    )
    _refuse_missing(missing, f'{source} with {mars}', 'the whole of Market-1501 and MARS')
    return [(original, copies), (tracklets, frames)]


def _find_mars(folder: Path) -> Path:
    absent = [name for name in ('bbox_train', 'bbox_test') if not (folder / name).is_dir()]
    if absent:
        raise FileNotFoundError(
            f'{folder / absent[0]} does not exist: unpack bbox_train.zip and bbox_test.zip of MARS '
            'into one folder, and pass it as `mars`'
        )
    return folder


def _refuse_missing(missing: list[str], where: str, whole: str) -> None:
    if missing:
        raise ValueError(
            f'{where} lacks {len(missing)} of the listed images, so nothing was copied:\n'
            f'{name_some(missing)}\nIs it {whole}?'
        )
