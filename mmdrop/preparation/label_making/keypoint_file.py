"""Labels from key points that are in a file already."""

from collections.abc import Sequence

import numpy as np

from mmdrop.datasets.parsing.keypoint_files import cached_keypoints
from mmdrop.datasets.parsing.keypoints import check_reading, find_shared
from mmdrop.datasets.parsing.limbs import draw_limbs
from mmdrop.datasets.parsing.tables import LIMB_INDEX
from mmdrop.preparation.label_making.base import LabelMaker, NoPerson
from mmdrop.registry import LABEL_MAKERS


@LABEL_MAKERS.register_module()
class KeypointFile(LabelMaker):
    """Draw the limbs of key points in a file, as :class:`LoadKeypointParsing` does in training.

    Args:
        ann_file: Key points in a file or a folder, see docs/labels.md.
        origin: Coordinate of the first pixel, 0 or 1.
        min_score: A joint is known where its third number is larger, see
            :class:`LoadKeypointParsing`.
        mask_filter: Config of a filter such as ``dict(type='MaskRCNNFilter')``: what lies outside
            its mask is background.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or an argument is out of range.
    """

    def __init__(
        self,
        ann_file: str,
        origin: int = 0,
        min_score: float = 0.0,
        mask_filter: dict | None = None,
    ):
        check_reading(origin, min_score)
        self.ann_file = str(ann_file)
        self.origin = origin
        self.min_score = min_score
        super().__init__(mask_filter)
        self.parallel = self.mask_filter is None
        cached_keypoints(self.ann_file)  # errors now; forked processes share what was read

    def prepare(self, stems: Sequence[str]) -> None:
        keypoints = cached_keypoints(self.ann_file)
        if not any(keypoints.find(stem) is not None for stem in stems):
            raise ValueError(
                f'none of the {len(stems)} images has an entry in {self.ann_file}: the images are '
                f'named like {stems[0]!r}, the entries like {next(iter(keypoints.rows))!r}'
            )
        shared = find_shared(keypoints, stems)
        if shared:
            raise ValueError(
                f'{len(shared)} images share an entry of {self.ann_file} with another image, such '
                f'as {shared[0]!r}: names must carry as many folders as tell the images apart'
            )

    def make(self, image: np.ndarray, stem: str) -> np.ndarray:
        keypoints = cached_keypoints(self.ann_file)
        if keypoints.find(stem) is None:
            raise NoPerson(keypoints.why_absent(stem))
        shape = image.shape[:2]
        joints = keypoints.joints(stem, shape, self.origin, self.min_score)
        if not joints:
            raise NoPerson('no key point is certain enough')
        label = draw_limbs(joints, shape, LIMB_INDEX)
        if self.mask_filter is None:
            return label
        return np.where(self.mask_filter.find_mask(image), label, 0).astype(np.uint8)
