"""Images as a user gives them: files, folders, arrays."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

ImageInput = str | os.PathLike | np.ndarray
Images = ImageInput | Sequence[ImageInput]

SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')


class Image(NamedTuple):
    """A file, or an array with the name it goes by."""

    name: str
    source: str | np.ndarray


def list_images(inputs: Images) -> list[Image]:
    """List images in the order given, those of a folder sorted by name, without reading files.

    Raises:
        FileNotFoundError: A file or folder is missing.
        TypeError: An entry is neither a path nor an array.
        ValueError: There is no image, or an array is not ``(H, W, 3)`` uint8.
    """
    if isinstance(inputs, str | os.PathLike) and Path(inputs).is_dir():
        found = sorted(p for p in Path(inputs).iterdir() if p.suffix.lower() in SUFFIXES)
        if not found:
            raise ValueError(f'{inputs}: no image in this folder (looked for {" ".join(SUFFIXES)})')
        return [Image(str(path), str(path)) for path in found]
    if isinstance(inputs, str | os.PathLike) or (
        isinstance(inputs, np.ndarray) and inputs.ndim == 3
    ):
        inputs = [inputs]
    images = [_image(item, position) for position, item in enumerate(inputs)]
    if not images:
        raise ValueError('there is no image: got an empty list')
    return images


def _image(item: ImageInput, position: int) -> Image:
    name = f'array {position}'
    if isinstance(item, str | os.PathLike):
        if not Path(item).is_file():
            raise FileNotFoundError(f'{os.fspath(item)}: there is no such image file')
        return Image(os.fspath(item), os.fspath(item))
    if not isinstance(item, np.ndarray):
        raise TypeError(f'{name} must be a path or a NumPy array, got {type(item).__name__}')
    if item.ndim != 3 or item.shape[2] != 3 or item.dtype != np.uint8 or not item.size:
        raise ValueError(f'{name} must be BGR uint8 (H, W, 3), got {item.dtype} {item.shape}')
    return Image(name, item)
