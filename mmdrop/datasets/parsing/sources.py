"""Sources of parsing labels: PifPaf fields, key points and index maps become one label map."""

from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
from PIL import Image

from mmdrop.datasets.parsing.base import FileParsingSource, ParsingSource
from mmdrop.datasets.parsing.keypoint_files import Keypoints, cached_keypoints
from mmdrop.datasets.parsing.limbs import draw_limbs, known_joints
from mmdrop.datasets.parsing.part_groups import NUM_CHANNELS
from mmdrop.datasets.parsing.tables import MAPPINGS, map_classes
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED


@TRANSFORMS.register_module()
class LoadPifPafFields(FileParsingSource):
    """Label from the confidence fields of OpenPifPaf, as BPBReID publishes them.

    A part's confidence is the largest of its channels; a pixel belongs to the part of highest
    confidence, or to the background where none reaches the threshold.

    Args:
        root: Folder of the labels, such as ``masks/pifpaf_maskrcnn_filtering``.  Below it lie
            the folders of the image; in the public sets without that of the identity.
        num_parts: K.
        groups: Table of channels.
        suffix: What follows the image's stem: ``'.npy'``, in the published labels of
            Occluded-Duke ``'.jpg.confidence_fields.npy'``.
        threshold: Confidence below which a pixel is background.
        missing: ``'error'`` or ``'ignore'``.
    """

    def __init__(
        self,
        root: str,
        num_parts: int = 8,
        groups: str | None = None,
        suffix: str = '.npy',
        threshold: float = 0.5,
        missing: str = 'error',
    ):
        super().__init__(root, suffix, num_parts, groups, missing)
        if not 0 < threshold <= 1:
            raise ValueError(f'threshold must be in (0, 1], got {threshold}')
        self.threshold = threshold
        self._channels = [list(part.channels) for part in self.groups.parts]

    def read(self, stem: str) -> np.ndarray:
        """Fields of a file, ``(36, h, w)`` of numbers in [0, 1]."""
        return _read_fields(self.path(stem))

    def to_label(self, content: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Group the fields, enlarge the groups, take the strongest."""
        height, width = shape
        label = np.zeros((height, width), np.uint8)
        best = np.full((height, width), np.nextafter(np.float32(self.threshold), 0, dtype='f4'))
        for part, channels in enumerate(self._channels, start=1):
            confidence = content[channels].max(axis=0).astype(np.float32, copy=False).clip(0, 1)
            confidence = cv2.resize(confidence, (width, height), interpolation=cv2.INTER_LINEAR)
            np.copyto(label, part, where=confidence > best, casting='unsafe')
            cv2.max(best, confidence, dst=best)
        return label


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
    # Written so that NaN fails as well.
    if not (fields.size and fields.min() >= -1e-3 and fields.max() <= 1 + 1e-3):
        raise ValueError(f'{path}: confidences must be numbers in [0, 1]')
    return fields


@TRANSFORMS.register_module()
class LoadKeypointParsing(ParsingSource):
    """Label drawn from body key points: each limb a capsule, the torso a filled shape.

    It is coarser than a parser's label, but key points are there for many sets.  Points that are
    hidden without being marked so are drawn over what hides them.

    Args:
        ann_file: A COCO key-point file (``.json``), a folder with a ``.json`` for each image, as
            OpenPifPaf and mmpose write them, or an ``.npz`` with ``keypoint_names`` and
            pairs of arrays ``x_names`` and ``x_keypoints`` ``(N, J, 2 or 3)``.  Names carry as
            many folders as tell the images apart: ``train/0001/a``, ``0001/a`` or ``a``.
            Joints are those of COCO-17, or the 14 with ``head_top`` and ``neck``.
        num_parts: K.
        groups: Table of parts.
        origin: Coordinate of the first pixel, 0 or 1.
        min_score: A joint is known where its third number, COCO's visibility flag or a
            detector's confidence, is larger.
        missing: ``'error'`` or ``'ignore'``.
    """

    def __init__(
        self,
        ann_file: str,
        num_parts: int = 5,
        groups: str | None = None,
        origin: int = 0,
        min_score: float = 0.0,
        missing: str = 'error',
    ):
        super().__init__(num_parts, groups, missing)
        if origin not in (0, 1):
            raise ValueError(f'origin must be 0 or 1, got {origin}')
        self.ann_file = str(ann_file)
        self.origin = origin
        self.min_score = min_score
        self._labels = self.groups.limb_labels
        if Path(self.ann_file).exists():
            self._keypoints()  # before the loader forks, so that workers share it

    def _keypoints(self) -> Keypoints:
        return cached_keypoints(self.ann_file)

    def has_label(self, stem: str) -> bool:
        return self._keypoints().find(stem) is not None

    def where(self, stem: str) -> str:
        return f'no entry {stem} in {self.ann_file}'

    def load(self, stem: str, results: dict) -> np.ndarray:
        """Draw the limbs at the image's size."""
        shape = results['img'].shape[:2]
        old_shape = results.get('ori_shape', shape)
        keypoints = self._keypoints()
        scale = (shape[1] / old_shape[1], shape[0] / old_shape[0])
        joints = {}
        points = keypoints.points[keypoints.find(stem)]
        for name, (x, y) in known_joints(keypoints.names, points, self.min_score).items():
            # Pixel centres: x + 0.5 is what a resize scales.
            x = (x - self.origin + 0.5) * scale[0] - 0.5
            joints[name] = (x, (y - self.origin + 0.5) * scale[1] - 0.5)
        return draw_limbs(joints, shape, self._labels)


@TRANSFORMS.register_module()
class LoadParsingMap(FileParsingSource):
    """Label from an image of class indices (PNG, grey or palette), as human parsers write.

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
        try:
            with Image.open(path) as image:
                mode, indices = image.mode, np.asarray(image)
        except (OSError, SyntaxError, ValueError) as error:
            raise ValueError(f'{path} cannot be decoded ({error})') from error
        if mode not in ('L', 'P'):
            raise ValueError(
                f'{path} has mode {mode}: expected class indices, one 8-bit channel or a palette'
            )
        if not self._known[indices].all():
            unknown = np.unique(indices[~self._known[indices]]).tolist()
            raise ValueError(f'{path}: class indices {unknown} are not in the mapping')
        return indices

    def to_label(self, content: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Translate the indices and bring them to the image's size."""
        height, width = shape
        return cv2.resize(self._labels[content], (width, height), interpolation=cv2.INTER_NEAREST)
