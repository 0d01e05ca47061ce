"""From downloaded archives to folders that a recipe can read."""

from pathlib import Path

from mmdrop.preparation.public_sets.checking import check_dataset, get_layout
from mmdrop.preparation.public_sets.occluded_duke import plan_copies, read_lists
from mmdrop.preparation.public_sets.sources import FolderSource, ZipSource, copy_files
from mmdrop.preparation.report import CheckReport, name_some


def prepare_dataset(
    name: str,
    root: str | Path,
    source: str | Path | None = None,
    lists: str | Path | None = None,
    decode: bool = True,
    processes: int | None = None,
    quiet: bool = False,
) -> CheckReport:
    """Unpack or build a public data set where a source is given, and check it.

    Files that are there already are neither overwritten nor deleted, so a second call goes on
    where the first one stopped.

    Args:
        name: ``'market1501'``, ``'dukemtmc'``, ``'occluded_duke'``, ``'p_dukemtmc'`` or
            ``'occluded_reid'``.
        root: Folder of the set.
        source: Zip archive of the set, to unpack it; for Occluded-Duke archive or folder of
            DukeMTMC-reID, to build it. None only checks.
        lists: Occluded-Duke only: folder with the published ``train.list``, ``query.list`` and
            ``gallery.list``.
        decode: Decode every image.
        processes: Number of processes that decode.
        quiet: Show no progress bar.

    Returns:
        What was found; ``report.ok`` says whether the set is complete.

    Raises:
        FileNotFoundError: The source or a list does not exist.
        ValueError: There is no such set, or the arguments, the source or a list do not fit.
    """
    layout, root = get_layout(name), Path(root)
    is_occluded_duke = name == 'occluded_duke'
    if lists is not None and not is_occluded_duke:
        raise ValueError(f'lists are for occluded_duke, the data set is {name}')
    if source is not None and is_occluded_duke and lists is None:
        raise ValueError('building occluded_duke needs the folder of the published lists')
    names = None if lists is None else read_lists(Path(lists))
    different: list[str] = []
    if source is not None:
        source = Path(source)
        if not source.exists():
            raise FileNotFoundError(f'{source} does not exist')
        first = next(iter(layout.folders.values()))[0]
        if names is not None:
            opened = FolderSource(source) if source.is_dir() else ZipSource(source, first)
            copies, missing = plan_copies(names, opened.exists)
            if missing:
                raise ValueError(
                    f'{source} lacks {len(missing)} of the listed images, so nothing was copied:\n'
                    f'{name_some(missing)}\nIs it the whole of DukeMTMC-reID?'
                )
        elif source.is_dir():
            raise ValueError(f'{source} is a folder already: pass it as the folder of {name}')
        else:
            opened = ZipSource(source, first)
            copies = [(member, member) for member in opened.names]
        different = copy_files(opened, root, copies, quiet)
    report = check_dataset(name, root, decode, names, processes, quiet)
    if different:
        report.problems.append(
            f'{len(different)} files of {root} differ from those of {source}; they were left as '
            f'they are. Move them away and start again:\n{name_some(different)}'
        )
    return report
