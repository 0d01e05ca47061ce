"""Labels drawn from key points."""

from pathlib import Path

import numpy as np

from mmdrop.datasets.parsing.base import ParsingSource
from mmdrop.datasets.parsing.keypoint_files import cached_keypoints
from mmdrop.datasets.parsing.keypoints import Keypoints, check_reading
from mmdrop.datasets.parsing.limbs import draw_limbs
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED


@TRANSFORMS.register_module()
class LoadKeypointParsing(ParsingSource):
    """Label drawn from body key points: each limb a capsule, the torso a filled shape.

    It is coarser than a parser's label, but key points are there for many sets.  Points that are
    hidden without being marked so are drawn over what hides them.

    Args:
        ann_file: A COCO key-point file (``.json``), a folder with a ``.json`` for each image, as
            OpenPifPaf, mmpose, OpenPose and KPR write them, or an ``.npz`` with
            ``keypoint_names`` and pairs of arrays ``x_names`` and ``x_keypoints``
            ``(N, J, 2 or 3)``.  Names carry as many folders as tell the images apart:
            ``train/0001/a``, ``0001/a`` or ``a``.  docs/labels.md says which fields count.
        num_parts: K.
        groups: Table of parts.
        origin: Coordinate of the first pixel, 0 or 1.
        min_score: A joint is known where its third number is larger: a detector's score, or the
            flag of COCO's annotations, 2 for a visible joint, 1 for a hidden one, 0 for none.
            So 1 leaves hidden joints out there; 0 draws them too.
        missing: ``'error'`` or ``'ignore'``.
        sure_score: A limb that needs a joint of no larger score is ignored (255) in training: a
            detector's score of a hidden joint is often just above what finds the visible ones, so
            it teaches neither that the limb is there nor that it is not.  None: no limb is.
    """

    def __init__(
        self,
        ann_file: str,
        num_parts: int = 5,
        groups: str | None = None,
        origin: int = 0,
        min_score: float = 0.0,
        missing: str = 'error',
        sure_score: float | None = None,
    ):
        super().__init__(num_parts, groups, missing)
        check_reading(origin, min_score)
        if sure_score is not None and not sure_score >= min_score:
            raise ValueError(f'sure_score {sure_score} must not be below min_score {min_score}')
        self.ann_file = str(ann_file)
        self.origin = origin
        self.min_score = min_score
        self.sure_score = sure_score
        self._labels = self.groups.limb_labels
        if Path(self.ann_file).exists():
            self._keypoints()  # before the loader forks, so that workers share it

    def _keypoints(self) -> Keypoints:
        return cached_keypoints(self.ann_file)

    def has_label(self, stem: str) -> bool:
        return self._keypoints().find(stem) is not None

    def where(self, stem: str) -> str:
        return self._keypoints().why_absent(stem)

    def load(self, stem: str, results: dict) -> np.ndarray:
        """Draw the limbs at the image's size."""
        label = self._draw(stem, results, self.min_score)
        if self.sure_score is not None:
            label[self._draw(stem, results, self.sure_score) != label] = IGNORED
        return label

    def _draw(self, stem: str, results: dict, min_score: float) -> np.ndarray:
        shape = results['img'].shape[:2]
        old_shape = results.get('ori_shape', shape)
        joints = self._keypoints().joints(stem, old_shape, self.origin, min_score)
        x_scale, y_scale = shape[1] / old_shape[1], shape[0] / old_shape[0]
        joints = {
            # Pixel centres: x + 0.5 is what a resize scales.
            name: ((x + 0.5) * x_scale - 0.5, (y + 0.5) * y_scale - 0.5)
            for name, (x, y) in joints.items()
        }
        return draw_limbs(joints, shape, self._labels)
