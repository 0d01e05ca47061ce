"""What a proxy benchmark puts in front of a person: drawn objects, and people cut from images.

Two machines shall get the same.  Objects and textures are integer arithmetic and choice of pixels;
the capsules of people are OpenCV's thick lines and hulls, found equal in OpenCV 4.8 and 5.0.
Random numbers are taken as ``rng.random()`` where the renderer's drawing functions do not ask for
more.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from mmdrop.datasets.listing import number_of, read_csv
from mmdrop.datasets.parsing.keypoint_labels import LoadKeypointParsing
from mmdrop.datasets.rendering.exact import make_exact_object
from mmdrop.datasets.rendering.objects import OBJECTS
from mmdrop.datasets.transforms import LoadImage
from mmdrop.utils import list_image_files

SMALLEST_BODY = 0.05  # share of the picture; a smaller body is a failure of the key points
_TILE = 47  # pixels


class Occluder(NamedTuple):
    """Something that can stand in front of a person.

    Attributes:
        kind: A key of ``OBJECTS``, ``'person'`` or ``'wall'``.
        image: ``(h, w, 3)`` uint8 BGR.
        mask: ``(h, w)`` bool, where it hides what is behind it.
    """

    kind: str
    image: np.ndarray
    mask: np.ndarray


def draw_index(rng: np.random.Generator, number: int) -> int:
    """Draw one of 0 to ``number`` − 1."""
    return int(rng.random() * number)


def draw_object(rng: np.random.Generator, entry: str, height: int) -> Occluder:
    """Draw a textured object.

    Args:
        rng: Source of all choices.
        entry: Where it comes into the picture from: ``'below'``, ``'side'`` or ``'above'``.
        height: Height of the picture in pixels.
    """
    kinds = [kind for kind, row in OBJECTS.items() if row.entry == entry]
    kind = kinds[draw_index(rng, len(kinds))]
    drawn = make_exact_object(rng, kind, height * (90 + draw_index(rng, 51)) // 100)
    if rng.random() < 0.5:
        drawn = drawn[:, ::-1]
    return Occluder(kind, add_texture(rng, drawn[..., :3]), drawn[..., 3] > 127)


def draw_wall(rng: np.random.Generator, shape: tuple[int, int]) -> Occluder:
    """Draw a textured surface of one colour that fills the picture of ``shape`` (H, W)."""
    colour = [50 + draw_index(rng, 120) for _ in range(3)]
    image = np.empty((*shape, 3), np.uint8)
    image[:] = colour
    return Occluder('wall', add_texture(rng, image), np.ones(shape, bool))


def add_texture(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Fade colours, and add blocks of uneven brightness, grain and, half of the time, stripes.

    Args:
        rng: Source of all choices.
        image: ``(h, w, 3)`` uint8 BGR.
    """
    height, width = image.shape[:2]
    rows, columns = np.arange(height)[:, None], np.arange(width)[None]
    fade = 2 + draw_index(rng, 5)  # eighths of grey: streets have few vivid colours
    wide = image.astype(np.uint16)
    wide = (wide * (8 - fade) + wide.sum(2, dtype=np.uint16, keepdims=True) // 3 * fade) >> 3

    block = 2 + draw_index(rng, 7)
    blocks = 104 + (rng.random((height // block + 1, width // block + 1)) * 36).astype(np.uint16)
    factor = blocks[rows // block, columns // block]  # of 128
    if rng.random() < 0.5:
        slopes = ((0, 1), (1, 0), (1, 1), (1, 2))
        down, across = slopes[draw_index(rng, len(slopes))]
        period = 3 + draw_index(rng, 8)
        dark = (down * rows + across * columns) // period % 2
        factor -= dark.astype(np.uint16) * np.uint16(10 + draw_index(rng, 30))
    # Drawn once for a tile: at the size of a camera's grain no eye sees that it is repeated.
    grain = (rng.random((_TILE, _TILE)) * 25).astype(np.int16) - 12
    textured = (wide * factor[..., None] >> 7).astype(np.int16)
    textured += grain[rows % _TILE, columns % _TILE][..., None]
    return textured.clip(0, 255).astype(np.uint8)


class People:
    """People cut out of images along the capsules of their key points.

    Each image that lies below a folder, or is a training image of a list, and has key points is a
    donor.

    Args:
        root: Folder of the donors' images.
        source: Draws the capsules.
        ann_file: CSV list of images, as :class:`ReIDDataset` reads with ``layout='csv'``; paths
            are below ``root``.  Empty: the images of the folder.

    Raises:
        FileNotFoundError: There is no such folder or list.
        ValueError: None of the images has key points, or the list cannot be read.
    """

    def __init__(self, root: str, source: LoadKeypointParsing, ann_file: str = ''):
        self.source = source
        self._load_image = LoadImage()
        listed = _list_training(root, ann_file) if ann_file else _list_images(root)
        self.donors = [donor for donor in listed if source.has_label(donor.stem)]
        if not self.donors:
            raise ValueError(
                f'no image {"in " + ann_file if ann_file else "below " + root} has key points in '
                f'{source.ann_file}'
            )

    def draw(self, rng: np.random.Generator, results: Mapping, height: int) -> Occluder | None:
        """Draw a person of 0.9 to 1.3 times the usual size.

        Args:
            rng: Source of all choices.
            results: The image that the person is for: an image of the same file stem or, where
                both names say it, of the same ``pid`` is no donor.
            height: Height of the picture in pixels.

        Returns:
            The person; None if the donor drawn may not be used, or its key points are useless.
        """
        path, stem, pid = self.donors[draw_index(rng, len(self.donors))]
        percent, mirrored = 90 + draw_index(rng, 41), rng.random() < 0.5
        if path.stem == Path(results['img_path']).stem or pid == results.get('pid', -1):
            return None
        image = self._load_image(dict(img_path=str(path)))['img']
        mask = self.source.load(stem, dict(img=image))
        if np.count_nonzero(mask) < SMALLEST_BODY * mask.size:
            return None
        radius = max(1, len(mask) // 50)  # hair and clothes reach beyond the capsules
        size = (2 * radius + 1, 2 * radius + 1)
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size)) > 0
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        cut = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        image, mask = _zoom(image[cut], mask[cut], percent * height, 100 * len(image))
        step = -1 if mirrored else 1
        return Occluder('person', image[:, ::step], mask[:, ::step])


def _zoom(
    image: np.ndarray, mask: np.ndarray, numerator: int, denominator: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scale by a fraction; each new pixel is a copy of the nearest one."""
    rows, columns = (
        (2 * np.arange(max(1, n * numerator // denominator)) + 1) * denominator // (2 * numerator)
        for n in mask.shape
    )
    nearest = np.ix_(rows.clip(0, mask.shape[0] - 1), columns.clip(0, mask.shape[1] - 1))
    return image[nearest], mask[nearest]


class Donor(NamedTuple):
    """An image that a person may be cut out of.

    Attributes:
        path: The file.
        stem: Its name in key-point files.
        pid: Identity, None where neither the file name nor a list says it as a number.
    """

    path: Path
    stem: str
    pid: int | None


@lru_cache(maxsize=4)
def _list_training(root: str, ann_file: str) -> list[Donor]:
    """Training images of a CSV list, sorted."""
    images = read_csv(Path(root), Path(ann_file))['train']
    pids = (number_of(image.pid) for image in images)
    return [
        Donor(image.path, image.label_stem, pid if isinstance(pid, int) else None)
        for image, pid in zip(images, pids, strict=True)
    ]


@lru_cache(maxsize=4)
def _list_images(root: str) -> list[Donor]:
    """Images below a folder, sorted."""
    folder = Path(root)
    if not folder.is_dir():
        raise FileNotFoundError(
            f'{root} does not exist; set `people_root` to the folder of the training images'
        )
    found = sorted(
        ((folder.name / path.relative_to(folder)).with_suffix('').as_posix(), path)
        for path in list_image_files(folder)
    )
    return [Donor(path, name, _pid(path)) for name, path in found]


def _pid(path: Path) -> int | None:
    """Identity in a name such as ``0002_c1s1_000451_03.jpg``, None in other names."""
    match = re.match(r'(?P<pid>-?[0-9]+)_c[0-9]', path.name)
    return int(match['pid']) if match else None
