"""Labels from the confidence fields of OpenPifPaf."""

from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from mmdrop.datasets.parsing.base import FileParsingSource
from mmdrop.datasets.parsing.part_groups import NUM_CHANNELS
from mmdrop.registry import TRANSFORMS

# Confidences lie in [0, 1].  Cubic resizing overshoots: from cells of 0 and 1 OpenCV's makes up to
# -0.45 and 1.45.  What reaches these bounds is no confidence: logits, offsets, 0..255.
_LOWEST, _HIGHEST = -1, 2


@TRANSFORMS.register_module()
class LoadPifPafFields(FileParsingSource):
    """Label from the confidence fields of OpenPifPaf, as BPBReID publishes them.

    A part's confidence is the largest of its channels, clipped to [0, 1]; a pixel belongs to the
    part of highest confidence, or to the background where none reaches the threshold.

    Args:
        root: Folder of the labels, such as ``masks/pifpaf_maskrcnn_filtering``.  Below it lie
            the folders of the image; in the public sets without that of the identity.
        num_parts: K.
        groups: Table of channels.
        suffix: What follows the image's stem: ``'.npy'``, in the published labels of
            Occluded-Duke ``'.jpg.confidence_fields.npy'``.
        threshold: Confidence below which a pixel is background.
        missing: ``'error'`` or ``'ignore'``.
        interpolation: How the fields are enlarged to the image: ``'nearest'`` as BPBReID does, so
            that each cell counts in full; or ``'bilinear'``, whose borders are smooth and which
            shrinks small and weak parts.
    """

    def __init__(
        self,
        root: str,
        num_parts: int = 8,
        groups: str | None = None,
        suffix: str = '.npy',
        threshold: float = 0.5,
        missing: str = 'error',
        interpolation: str = 'nearest',
    ):
        super().__init__(root, suffix, num_parts, groups, missing)
        if not 0 < threshold <= 1:
            raise ValueError(f'threshold must be in (0, 1], got {threshold}')
        if interpolation not in ('nearest', 'bilinear'):
            raise ValueError(
                f"interpolation must be 'nearest' or 'bilinear', got {interpolation!r}"
            )
        self.threshold = threshold
        self.interpolation = interpolation
        self._channels = [list(part.channels) for part in self.groups.parts]

    def read(self, stem: str) -> np.ndarray:
        """Fields of a file, ``(36, h, w)``; about [0, 1], with the overshoot of cubic resizing."""
        return _read_fields(self.path(stem))

    def to_label(self, content: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Group the fields and take the strongest group of each pixel of the enlarged fields."""
        size = (shape[1], shape[0])
        smooth = self.interpolation == 'bilinear'
        # With nearest neighbour a pixel has the label of its cell, so labels are enlarged instead.
        height, width = shape if smooth else content.shape[1:]
        label = np.zeros((height, width), np.uint8)
        best = np.full((height, width), np.nextafter(np.float32(self.threshold), 0, dtype='f4'))
        for part, channels in enumerate(self._channels, start=1):
            confidence = content[channels].max(axis=0).astype(np.float32, copy=False).clip(0, 1)
            if smooth:
                confidence = cv2.resize(confidence, size, interpolation=cv2.INTER_LINEAR)
            np.copyto(label, part, where=confidence > best, casting='unsafe')
            np.maximum(best, confidence, out=best)
        return label if smooth else cv2.resize(label, size, interpolation=cv2.INTER_NEAREST)


def _read_fields(path: Path) -> np.ndarray:
    try:
        fields = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, BadZipFile) as error:
        raise ValueError(f'{path} is not a readable .npy file ({error})') from error
    if not isinstance(fields, np.ndarray) or fields.ndim != 3 or fields.shape[0] != NUM_CHANNELS:
        shape = getattr(fields, 'shape', 'several arrays')
        hint = ''
        if isinstance(fields, np.ndarray) and fields.ndim == 3 and fields.shape[2] == NUM_CHANNELS:
            hint = '; the channels are last: save fields.transpose(2, 0, 1)'
        raise ValueError(f'{path}: expected ({NUM_CHANNELS}, h, w) fields, found {shape}{hint}')
    if fields.dtype.kind not in 'fiub':
        raise ValueError(f'{path}: expected numbers, found {fields.dtype}')
    if not fields.size:
        raise ValueError(f'{path}: the fields have no cell, their shape is {fields.shape}')
    low, high = fields.min(), fields.max()
    # Written so that NaN fails as well.
    if not (low > _LOWEST and high < _HIGHEST):
        raise ValueError(
            f'{path}: confidences must be numbers in [0, 1], found {low:g} to {high:g}; save the '
            'confidence of each field, not another component, logits or 0..255'
        )
    return fields
