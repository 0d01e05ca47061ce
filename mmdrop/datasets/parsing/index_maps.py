"""Labels from images of class indices."""

from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from mmdrop.datasets.parsing.base import FileParsingSource
from mmdrop.datasets.parsing.tables import MAPPINGS, map_classes
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED


@TRANSFORMS.register_module()
class LoadParsingMap(FileParsingSource):
    """Label from an image of class indices, as human parsers write.

    The image is a PNG or of another format that loses nothing: grey of 1, 8 or 16 bits, a palette,
    or colours whose channels are equal.  JPEG and lossy WebP are refused by their content, because
    compression makes classes that nobody drew, and GIF, whose writers number the colours anew.

    Args:
        root: Folder of the labels; below it lie the folders of the image, without that of the
            identity.
        num_parts: K.
        groups: Table of parts.  For ``'lip'`` and ``'atr'``, ``'five'`` fits; clothes have no
            left and right.
        suffix: What follows the image's stem.
        mapping: What the indices mean: None for 0..K as they are, ``'lip'`` (20 classes),
            ``'atr'`` (18) or ``'pascal'`` (7), ``'limbs'`` for those that
            ``make_parsing_labels`` writes, or a dict of class index to label.  255 always stays
            ignored.
        missing: ``'error'`` or ``'ignore'``.
    """

    def __init__(
        self,
        root: str,
        num_parts: int = 5,
        groups: str | None = None,
        suffix: str = '.png',
        mapping: str | dict[int, int] | None = None,
        missing: str = 'error',
    ):
        super().__init__(root, suffix, num_parts, groups, missing)
        if isinstance(mapping, str) and mapping not in MAPPINGS:
            raise ValueError(f'mapping must be one of {list(MAPPINGS)} or a dict, got {mapping!r}')
        self.mapping = mapping
        if isinstance(mapping, str):
            mapping = dict(enumerate(map_classes(mapping, self.groups).tolist()))
        elif mapping is None:
            mapping = {label: label for label in range(num_parts + 1)}
        wrong = [v for v in mapping.values() if v not in range(num_parts + 1) and v != IGNORED]
        if wrong or not set(mapping) <= set(range(256)):
            raise ValueError(f'mapping must lead from 0..255 to 0..{num_parts} or 255: {mapping}')
        self._known = np.isin(np.arange(256), [*mapping, IGNORED])
        self._labels = np.full(256, IGNORED, np.uint8)
        self._labels[list(mapping)] = list(mapping.values())

    def read(self, stem: str) -> np.ndarray:
        """Class indices of a file, ``(h, w)`` uint8, all of them in the mapping."""
        path = self.path(stem)
        indices = read_indices(path)
        largest = int(indices.max(initial=0))
        if largest > 255 or not self._known[indices].all():
            values = np.unique(indices)
            unknown = [v for v in values.tolist() if v > 255 or not self._known[v]]
            raise ValueError(
                f'{path}: class indices {_some(unknown)} are not in the mapping; set `mapping`, or '
                f'correct the mask'
            )
        return indices.astype(np.uint8, copy=False)

    def to_label(self, content: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Translate the indices and bring them to the image's size."""
        height, width = shape
        return cv2.resize(self._labels[content], (width, height), interpolation=cv2.INTER_NEAREST)


def read_indices(path: Path) -> np.ndarray:
    """Class indices of an image, ``(h, w)`` uint8, or int32 of more than 8 bits.

    Raises:
        ValueError: It cannot be decoded, its format changes values, or it has not one index a
            pixel.
    """
    try:
        with Image.open(path) as image:
            lossy = _lossy_format(image, path)
            mode, pixels = image.mode, None if lossy else np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f'{path} cannot be decoded ({error})') from error
    if pixels is None:
        raise ValueError(
            f'{path} is a {lossy} picture, a format that changes class indices; make the mask '
            'again as a PNG'
        )
    if pixels.dtype.kind not in 'bui' or mode not in _MODES:
        raise ValueError(
            f'{path} has mode {mode}: expected class indices, one 8-bit channel or a palette'
        )
    if pixels.ndim == 3:
        colours = _MODES[mode]
        if (pixels[..., :colours] != pixels[..., :1]).any():
            raise ValueError(
                f'{path} has mode {mode} and shows colours: expected class indices, one 8-bit '
                'channel or a palette; save the indices instead of their picture'
            )
        if (pixels[..., colours:] != 255).any():
            raise ValueError(
                f'{path} has mode {mode} with transparent pixels, which are no class; save the '
                'mask without transparency, 255 where it is to be ignored'
            )
        pixels = pixels[..., 0]
    return pixels.astype(np.uint8 if pixels.dtype.itemsize == 1 else np.int32, copy=False)


# Modes of Pillow that can hold indices: number of channels before the transparency.
_MODES = {'1': 1, 'L': 1, 'P': 1, 'LA': 1, 'PA': 1, 'RGB': 3, 'RGBA': 3, 'I': 1, 'I;16': 1}
_MODES |= {'I;16B': 1, 'I;16L': 1}
# Writers of GIF number the colours anew and drop those that are not used.
_LOSSY = ('JPEG', 'MPO', 'JPEG2000', 'AVIF', 'HEIF', 'GIF')


def _lossy_format(image: Image.Image, path: Path) -> str | None:
    """Name of the compression that changes pixels; None if the file's changes none."""
    kind = image.format or ''
    if kind == 'WEBP':
        with path.open('rb') as file:
            lossless = b'VP8L' in _webp_chunks(file)
        return None if lossless else 'lossy WebP'
    compression = str(image.info.get('compression', '')) if kind == 'TIFF' else ''
    if 'jpeg' in compression or 'webp' in compression:
        return f'TIFF with {compression}'
    return kind if kind in _LOSSY else None


def _webp_chunks(file: BinaryIO) -> list[bytes]:
    """Names of the chunks; that of the pixels is ``VP8L`` if nothing is lost, ``VP8 `` if not."""
    file.seek(12)
    names = []
    while len(head := file.read(8)) == 8:
        names.append(head[:4])
        size = int.from_bytes(head[4:], 'little')
        file.seek(size + size % 2, 1)
    return names


def _some(values: list[int]) -> str:
    shown = ', '.join(map(str, values[:10]))
    return f'[{shown}{", …" if len(values) > 10 else ""}]'
