"""Images of a public set, or of folders of one's own."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmdrop.datasets.layouts import Layout
from mmdrop.datasets.listing.images import NO_CAMERA, SUBSETS, Image
from mmdrop.datasets.listing.names import parse_name, parse_pid
from mmdrop.utils import is_hidden, list_image_files

_OWN_FOLDERS = {subset: (subset,) for subset in SUBSETS}


def list_layout(layout: Layout, root: Path, subset: str) -> list[Image]:
    """Images of a subset of a public set; sorted, junk included.

    Raises:
        FileNotFoundError: A folder is missing.
        ValueError: A file name is wrong.
    """
    images = [
        parse_image(layout, folder, path)
        for folder in layout.folders[subset]
        for path in _list_existing(root / folder, root, layout.folders)
    ]
    return keep_subset(layout, subset, images)


def parse_image(layout: Layout, folder: str, path: Path) -> Image:
    """An image of a folder of a public set, as its name describes it.

    Raises:
        ValueError: The name is wrong.
    """
    pid, camid = parse_name(path, layout.pattern, first_camera=1)
    match = re.match(layout.pattern, path.name)
    view = match.groupdict().get('view', '') if match else ''
    camid = layout.cameras.get(view, layout.cameras.get(folder, camid))
    # Published labels drop the folder that some sets have for each identity.
    return Image(path, f'{folder}/{path.stem}', pid, camid)


def keep_subset(layout: Layout, subset: str, images: Sequence[Image]) -> list[Image]:
    """Those images of a subset's folders that belong to it."""
    camera = layout.only_camera.get(subset)
    return [image for image in images if camera in (None, image.camid)]


def list_folder(root: Path, subset: str, pattern: str | None) -> list[Image]:
    """Images of ``root/subset``: ``<pid>/...`` or, with a pattern, named by identity.

    A root that has folders, but those of no subset, is a training set itself.

    Raises:
        FileNotFoundError: The folder is missing.
        ValueError: A name is wrong.
    """
    folder = root if subset == 'train' and _is_training_set(root) else root / subset
    images = []
    for path in _list_existing(folder, root, _OWN_FOLDERS):
        below = path.relative_to(folder)
        if pattern is not None:
            pid, camid = parse_name(path, pattern, first_camera=0)
        elif len(below.parts) > 1:
            pid, camid = parse_pid(below.parts[0], str(path)), NO_CAMERA
        else:
            wanted = folder.relative_to(root) / '<pid>' / path.name
            raise ValueError(
                f'{path} is in no folder of an identity: expected {wanted.as_posix()}, '
                'or pass `pattern`, a regular expression with the group (?P<pid>...)'
            )
        label_stem = path.relative_to(root).with_suffix('').as_posix()
        images.append(Image(path, label_stem, pid, camid))
    return images


def _is_training_set(root: Path) -> bool:
    folders = {path.name for path in root.glob('*') if path.is_dir() and not is_hidden(path.name)}
    return bool(folders) and not folders & {*SUBSETS}


def _list_existing(folder: Path, root: Path, folders: Mapping[str, tuple[str, ...]]) -> list[Path]:
    if not folder.is_dir():
        raise missing_folder(folder, root, folders)
    return list_image_files(folder)


def missing_folder(
    folder: Path, root: Path, folders: Mapping[str, tuple[str, ...]] = _OWN_FOLDERS
) -> FileNotFoundError:
    """The error for a folder that is not there, with the tree that was expected."""
    expected = ', '.join(dict.fromkeys(f'{name}/' for names in folders.values() for name in names))
    return FileNotFoundError(
        f'{folder} does not exist; set `data_root` (now {root}) to the folder that holds {expected}'
    )
