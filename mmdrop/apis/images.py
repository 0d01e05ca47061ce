"""Images as a user gives them: files, folders, arrays, Pillow images."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image as PILImage

from mmdrop.datasets.transforms import to_bgr
from mmdrop.utils import IMAGE_EXTENSIONS, list_image_files

ImageInput = str | os.PathLike | np.ndarray | PILImage.Image
Images = ImageInput | Iterable[ImageInput]

_ACCEPTED = 'images are files, folders, NumPy arrays and Pillow images, or a list of them'


class Image(NamedTuple):
    """A file, an array or a Pillow image, with the name it goes by."""

    name: str
    source: str | np.ndarray | PILImage.Image


def decode(source: np.ndarray | PILImage.Image, name: str) -> np.ndarray:
    """An array or Pillow image as ``(H, W, 3)`` uint8 BGR.

    Raises:
        OSError: The Pillow image cannot be decoded.
    """
    if isinstance(source, PILImage.Image):
        try:
            return to_bgr(source)
        except (OSError, EOFError, SyntaxError, ValueError) as error:
            raise OSError(f'{name} cannot be decoded ({error})') from error
    array = source if source.ndim == 3 else source[..., None]
    array = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[..., :3]
    return np.ascontiguousarray(array)  # OpenCV takes no negative strides, as of a turned one


def list_images(inputs: Images) -> list[Image]:
    """List images in the order given, those of a folder sorted by name, without reading files.

    Raises:
        FileNotFoundError: A file or folder is missing.
        TypeError: An entry is no path, array or Pillow image.
        ValueError: There is no image, or an array is not one.
    """
    images = [
        image
        for position, item in enumerate(_entries(inputs))
        for image in _images_of(item, position)
    ]
    if not images:
        raise ValueError('there is no image: got an empty list')
    return images


def _entries(inputs: Any) -> Iterable[ImageInput]:
    """One image or folder as a list of one; a stack of arrays one by one."""
    if isinstance(inputs, str | os.PathLike | PILImage.Image):
        return [inputs]
    if isinstance(inputs, np.ndarray):
        # Rows of a stack are images, elements of a column of names are files.
        return [inputs] if inputs.ndim in (2, 3) else list(inputs) if inputs.ndim else [inputs]
    known = isinstance(inputs, Iterable) and not isinstance(inputs, Mapping | bytes | set)
    if not known or _is_tensor(inputs):
        raise TypeError(f'{_ACCEPTED}; got {_name(inputs)}{_remedy(inputs)}')
    return inputs


def _images_of(item: Any, position: int) -> list[Image]:
    """The image, or those of a folder."""
    if isinstance(item, str | os.PathLike):
        name = os.fspath(item)
        path = Path(name).expanduser()
        if name and path.is_dir():
            return _images_in(path)
        if not path.is_file():
            raise FileNotFoundError(
                f'{name!r}: there is no such image file or folder'
                + ('; download it first' if '://' in name else '')
                + ('; list the files with glob.glob' if any(c in name for c in '*?') else '')
            )
        return [Image(name, str(path))]
    if isinstance(item, PILImage.Image):
        return [Image(f'image {position}', item)]
    if not isinstance(item, np.ndarray):
        raise TypeError(f'{_ACCEPTED}; entry {position} is {_name(item)}{_remedy(item)}')
    name = f'array {position}'
    _check_array(name, item)
    return [Image(name, item)]


def _images_in(folder: Path) -> list[Image]:
    found = list_image_files(folder, recursive=False, strict=False)
    if not found:
        suffixes = ' '.join(sorted(IMAGE_EXTENSIONS))
        raise ValueError(f'{folder}: no image in this folder (looked for {suffixes})')
    return [Image(str(path), str(path)) for path in found]


def _check_array(name: str, array: np.ndarray) -> None:
    remedy = ''
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        remedy = ': turn channels to the end with array.transpose(1, 2, 0)'
    elif array.ndim == 3 and array.shape[2] not in (1, 3, 4):
        remedy = ': give grey images as a list of (H, W)'
    elif array.dtype != np.uint8:
        remedy = ': scale it to 0..255 and convert it with array.round().astype(np.uint8)'
    if remedy or array.ndim not in (2, 3) or not array.size:
        raise ValueError(
            f'{name} must be uint8, BGR (H, W, 3), BGRA (H, W, 4) or grey (H, W), '
            f'got {array.dtype} {array.shape}{remedy}'
        )


def _name(value: object) -> str:
    return type(value).__name__


def _is_tensor(value: object) -> bool:
    return hasattr(value, 'detach') and hasattr(value, 'ndim')


def _remedy(value: object) -> str:
    """What to do with something that is often given instead."""
    if _is_tensor(value):  # RGB or BGR, bytes or floats: nothing in it says which
        return ': turn an RGB (3, H, W) of bytes into tensor.permute(1, 2, 0).flip(2).cpu().numpy()'
    if isinstance(value, Mapping):
        return ': a result of the inferencer is taken by rank alone'
    if isinstance(value, bytes):
        return ': open a file in memory with PIL.Image.open(io.BytesIO(…))'
    if isinstance(value, list | tuple):
        return ': give one flat list'
    return ''
