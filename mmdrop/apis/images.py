"""Images as a user gives them: files, folders, patterns, arrays, frames with boxes."""

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image as PILImage

from mmdrop.apis.boxes import BoxesInput, as_boxes, looks_like_boxes
from mmdrop.datasets.transforms import to_bgr
from mmdrop.utils import IMAGE_EXTENSIONS, list_image_files

ImageInput = str | os.PathLike | np.ndarray | PILImage.Image
FrameInput = tuple[ImageInput, BoxesInput]
Images = ImageInput | FrameInput | Iterable[ImageInput | FrameInput]

_ACCEPTED = (
    'images are files, folders, NumPy arrays and Pillow images, pairs of one of them and its '
    'boxes, or a list of these'
)


class Image(NamedTuple):
    """A file, an array or a Pillow image, with the name it goes by.

    Attributes:
        name: For results; a box of it is ``'name[0]'`` ….
        source: The image.
        boxes: People in it, float64 ``(N, 4)``, x and y of two corners in pixels; None for the
            image of one person.
    """

    name: str
    source: str | np.ndarray | PILImage.Image
    boxes: np.ndarray | None = None

    @property
    def people(self) -> list[str]:
        """Name of each person in it."""
        if self.boxes is None:
            return [self.name]
        return [f'{self.name}[{i}]' for i in range(len(self.boxes))]


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


def given_images(inputs: Images, recursive: bool = False) -> list[Image] | Iterator[Image]:
    """Images as :func:`list_images`; those of a stream no sooner than they are asked for."""
    stream = isinstance(inputs, Iterator)
    return (iterate_images if stream else list_images)(inputs, recursive)


def list_images(inputs: Images, recursive: bool = False) -> list[Image]:
    """List images in the order given, those of a folder sorted by name, without reading files.

    Args:
        inputs: The images.
        recursive: Look into the folders below a folder too.

    Raises:
        FileNotFoundError: A file or folder is missing, or no file has a pattern's name.
        TypeError: An entry is no path, array or Pillow image.
        ValueError: There is no image, an array is not one, or boxes are none.
    """
    images = list(iterate_images(inputs, recursive))
    if not images:
        raise ValueError('there is no image: got an empty list')
    return images


def iterate_images(inputs: Images, recursive: bool = False) -> Iterator[Image]:
    """Images as :func:`list_images`, one by one; of a stream, no sooner than they are asked for."""
    for position, item in enumerate(_entries(inputs)):
        yield from _images_of(item, position, recursive)


def split_people(images: Iterable[Image]) -> list[Image]:
    """Each person as an image of its own: of one with boxes, once for each box."""
    return [
        image if image.boxes is None else image._replace(boxes=image.boxes[i : i + 1])
        for image in images
        for i in range(len(image.people))
    ]


def _entries(inputs: Any) -> Iterable[ImageInput | FrameInput]:
    """One image or folder as a list of one; a stack of arrays one by one."""
    if isinstance(inputs, str | os.PathLike | PILImage.Image) or _is_frame(inputs):
        return [inputs]
    if isinstance(inputs, np.ndarray):
        # Rows of a stack are images, elements of a column of names are files.
        return [inputs] if inputs.ndim in (2, 3) else list(inputs) if inputs.ndim else [inputs]
    known = isinstance(inputs, Iterable) and not isinstance(inputs, Mapping | bytes | set)
    if not known or _is_tensor(inputs):
        raise TypeError(f'{_ACCEPTED}; got {_name(inputs)}{_remedy(inputs)}')
    return inputs


def _is_frame(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and looks_like_boxes(item[1])


def _images_of(item: Any, position: int, recursive: bool) -> list[Image]:
    """The image, or those of a folder or a pattern."""
    if _is_frame(item):
        image, boxes = item
        found = _images_of(image, position, recursive=False)
        if len(found) != 1:
            raise ValueError(f'entry {position} has boxes, which are those of one image: {image}')
        return [found[0]._replace(boxes=as_boxes(boxes, found[0].name))]
    if isinstance(item, str | os.PathLike):
        return _images_at(os.fspath(item), recursive)
    if isinstance(item, PILImage.Image):
        return [Image(f'image {position}', item)]
    if not isinstance(item, np.ndarray):
        raise TypeError(f'{_ACCEPTED}; entry {position} is {_name(item)}{_remedy(item)}')
    name = f'array {position}'
    _check_array(name, item)
    return [Image(name, item)]


def _images_at(name: str, recursive: bool) -> list[Image]:
    path = Path(name).expanduser()
    if name and path.is_dir():
        found = list_image_files(path, recursive=recursive, strict=False)
        if not found:
            suffixes = ' '.join(sorted(IMAGE_EXTENSIONS))
            below = '' if recursive else '; those of folders below it are taken with recursive=True'
            raise ValueError(f'{path}: no image in this folder (looked for {suffixes}{below})')
        return [Image(str(file), str(file)) for file in found]
    if path.is_file():
        return [Image(name, str(path))]
    if glob.has_magic(name) and '://' not in name:
        # All files that the user's own pattern names, whatever their extension.
        files = [
            file for file in sorted(glob.glob(str(path), recursive=True)) if os.path.isfile(file)
        ]
        if not files:
            raise FileNotFoundError(f'{name!r}: no file has a name of this pattern')
        return [Image(file, file) for file in files]
    raise FileNotFoundError(
        f'{name!r}: there is no such image file or folder'
        + ('; download it first' if '://' in name else '')
    )


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
