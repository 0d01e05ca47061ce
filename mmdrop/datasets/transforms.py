"""Transforms that mmcv lacks: strict decoding, and augmentation of image and label together."""

import io
import math

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform, LoadImageFromFile, RandomFlip
from mmcv.transforms.utils import cache_randomness
from mmengine import fileio
from PIL import Image, ImageOps, UnidentifiedImageError

from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED, ReIDDataSample


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """Load an image with Pillow, which refuses damaged files where OpenCV fills in grey.

    Grey, palette, transparent and 16-bit images become three channels of 8 bits.

    Required keys: ``img_path``.
    Added keys: ``img`` ``(H, W, 3)`` uint8 BGR, ``img_shape``, ``ori_shape``.

    Args:
        backend_args: Of :func:`mmengine.fileio.get`, for files on a remote storage.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: The file cannot be decoded.
    """

    def __init__(self, backend_args: dict | None = None):
        super().__init__(imdecode_backend='pillow', backend_args=backend_args)

    def transform(self, results: dict) -> dict:
        path = results['img_path']
        try:
            image = _decode(fileio.get(path, backend_args=self.backend_args))
        except FileNotFoundError as error:
            raise FileNotFoundError(f'{path}: no such image; check data_root') from error
        except UnidentifiedImageError as error:
            raise OSError(f'{path} is not an image; replace the file or remove it') from error
        except (OSError, EOFError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise OSError(
                f'{path} cannot be decoded ({error}); replace the file or remove it'
            ) from error
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results


def _decode(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return to_bgr(image)


def to_bgr(image: Image.Image) -> np.ndarray:
    """Pixels ``(H, W, 3)`` uint8 BGR; mmcv's own Pillow path clips 16-bit images to white.

    Raises:
        ValueError: There are no pixels, or floating-point numbers, whose range nobody knows.
    """
    if 0 in image.size:
        raise ValueError(f'its size is {image.width} × {image.height}')
    if image.mode == 'F':
        raise ValueError('images of floating-point numbers are not supported')
    if image.mode.startswith('I'):
        values = np.asarray(image)
        image = Image.fromarray((values >> 8).clip(0, 255).astype(np.uint8))
    rgb = ImageOps.exif_transpose(image).convert('RGB')
    return cv2.cvtColor(np.asarray(rgb), cv2.COLOR_RGB2BGR)


@TRANSFORMS.register_module()
class FlipWithParts(RandomFlip):
    """Mirror image and label, and swap the labels of left and right parts.

    Required keys: ``img``; ``left_right_pairs``, pairs of labels, if there is ``gt_seg_map``.
    Modified keys: ``img``, ``gt_seg_map``.
    Added keys: ``flip``, ``flip_direction``.

    Args:
        prob: Probability of mirroring.
    """

    def __init__(self, prob: float = 0.5):
        super().__init__(prob=float(prob), direction='horizontal')

    def _flip(self, results: dict) -> None:
        super()._flip(results)
        if 'gt_seg_map' in results:
            swapped = np.arange(256, dtype=np.uint8)
            for left, right in results['left_right_pairs']:
                swapped[left], swapped[right] = right, left
            results['gt_seg_map'] = swapped[results['gt_seg_map']]


@TRANSFORMS.register_module()
class PadCropWithParts(BaseTransform):
    """Pad all sides with zeros (background in the label), then crop the former size at random.

    Required keys: ``img``.
    Modified keys: ``img``, ``gt_seg_map``.

    Args:
        padding: Pixels at each side.
    """

    def __init__(self, padding: int = 10):
        if padding < 0:
            raise ValueError(f'padding must not be negative, got {padding}')
        self.padding = padding

    @cache_randomness
    def _choose_corner(self) -> tuple[int, int]:
        """Row and column of the crop in the padded image."""
        # mmengine seeds NumPy's global generator in each worker, and mmcv draws from it too.
        y, x = np.random.randint(0, 2 * self.padding + 1, 2)  # noqa: NPY002
        return int(y), int(x)

    def transform(self, results: dict) -> dict:
        corner = self._choose_corner()
        results['img'] = self._shift(results['img'], corner, 0)
        if 'gt_seg_map' in results:
            label = results['gt_seg_map']
            results['gt_seg_map'] = self._shift(label, corner, _background_of(label))
        return results

    def _shift(self, array: np.ndarray, corner: tuple[int, int], value: int) -> np.ndarray:
        height, width = array.shape[:2]
        top, left = self.padding - corner[0], self.padding - corner[1]
        rows = slice(max(top, 0), max(height + top, 0))  # where the image lands in the result
        columns = slice(max(left, 0), max(width + left, 0))
        shifted = np.full_like(array, value, order='C')
        shifted[rows, columns] = array[
            max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)
        ]
        return shifted


@TRANSFORMS.register_module()
class EraseWithParts(BaseTransform):
    """Random erasing (arXiv 1708.04896); erased pixels become background in the label.

    Required keys: ``img``.
    Modified keys: ``img``, ``gt_seg_map``.

    Args:
        prob: Probability of erasing a rectangle.
        area: Range of its share of the image.
        aspect: Range of its height over width, drawn uniformly on a logarithmic scale.
        sides: Range of its height, as a share of the image's, and likewise of its width; takes the
            place of ``area`` and ``aspect``, as in BPBReID.
        fill: Blue, green and red of the erased pixels; the default is ImageNet's mean.
    """

    def __init__(
        self,
        prob: float = 0.5,
        area: tuple[float, float] = (0.02, 0.4),
        aspect: tuple[float, float] = (0.3, 3.33),
        fill: tuple[int, int, int] = (104, 116, 124),
        sides: tuple[float, float] | None = None,
    ):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be in [0, 1], got {prob}')
        if not 0 < area[0] <= area[1] <= 1:
            raise ValueError(f'area must be a range within (0, 1], got {area}')
        if not 0 < aspect[0] <= aspect[1]:
            raise ValueError(f'aspect must be a range of positive numbers, got {aspect}')
        if sides is not None and not 0 < sides[0] <= sides[1] <= 1:
            raise ValueError(f'sides must be a range within (0, 1], got {sides}')
        self.prob = prob
        self.area = (float(area[0]), float(area[1]))
        self._log_aspect = (math.log(aspect[0]), math.log(aspect[1]))
        self.sides = sides
        self.fill = tuple(fill)

    @cache_randomness
    def _choose_box(self, height: int, width: int) -> tuple[slice, slice] | None:
        """Rows and columns to erase; None to leave the image alone."""
        if np.random.random() >= self.prob:  # noqa: NPY002
            return None
        for _ in range(20):  # a long rectangle may not fit: draw again
            rows, columns = self._choose_sides(height, width)
            if 0 < rows <= height and 0 < columns <= width:
                y = np.random.randint(0, height - rows + 1)  # noqa: NPY002
                x = np.random.randint(0, width - columns + 1)  # noqa: NPY002
                return slice(y, y + rows), slice(x, x + columns)
        return None

    def _choose_sides(self, height: int, width: int) -> tuple[int, int]:
        if self.sides is not None:
            shares = np.random.uniform(*self.sides, 2)  # noqa: NPY002
            return round(shares[0] * height), round(shares[1] * width)
        area = np.random.uniform(*self.area) * height * width  # noqa: NPY002
        aspect = np.exp(np.random.uniform(*self._log_aspect))  # noqa: NPY002
        return round(np.sqrt(area * aspect)), round(np.sqrt(area / aspect))

    def transform(self, results: dict) -> dict:
        box = self._choose_box(*results['img'].shape[:2])
        if box is None:
            return results
        results['img'] = results['img'].copy()
        results['img'][box] = self.fill
        if 'gt_seg_map' in results:
            label = results['gt_seg_map'].copy()
            label[box] = _background_of(label)
            results['gt_seg_map'] = label
        return results


def _background_of(label: np.ndarray) -> int:
    """Background, but a label that is wholly ignored stays so."""
    return IGNORED if (label == IGNORED).all() else 0


@TRANSFORMS.register_module()
class PackReIDInputs(BaseTransform):
    """Pack an image and its annotation for the model.

    Required keys: ``img``.
    Optional keys: the fields and the metainfo of :class:`ReIDDataSample`; ``gt_seg_map``.

    Returns ``inputs``, ``(3, H, W)`` uint8 BGR, and ``data_samples``.

    Raises:
        ValueError: The label's size differs from the image's.
    """

    fields = ('pid', 'camid', 'gt_label', 'is_query')
    meta_keys = ('img_path', 'ori_shape', 'num_parts')

    def transform(self, results: dict) -> dict:
        image = results['img']
        sample = ReIDDataSample(
            metainfo={key: results[key] for key in self.meta_keys if key in results}
        )
        sample.set_metainfo({'img_shape': image.shape[:2]})
        sample.set_data({key: results[key] for key in self.fields if key in results})
        if 'gt_seg_map' in results:
            label = results['gt_seg_map']
            if label.shape != image.shape[:2]:
                raise ValueError(
                    f'{results.get("img_path")}: label of shape {label.shape} for an image of '
                    f'{image.shape[:2]}; transforms must treat both alike'
                )
            sample.gt_sem_seg = torch.from_numpy(np.ascontiguousarray(label, dtype=np.uint8))
        inputs = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return dict(inputs=inputs, data_samples=sample)
