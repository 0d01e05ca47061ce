"""Labels from key points that are in a file already."""

import numpy as np

from mmdrop.datasets.keypoint_files import cached_keypoints
from mmdrop.datasets.label_making.base import LabelMaker, NoPerson, draw_person
from mmdrop.registry import LABEL_MAKERS


@LABEL_MAKERS.register_module()
class KeypointFile(LabelMaker):
    """Draw the limbs of key points in a file, as :class:`LoadKeypointParsing` does in training.

    Args:
        ann_file: COCO key points (``.json``) or an ``.npz`` file, see docs/labels.md.
        origin: Coordinate of the first pixel, 0 or 1.
        min_score: A joint is known where its third number is larger.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or an argument is out of range.
    """

    parallel = True

    def __init__(self, ann_file: str, origin: int = 0, min_score: float = 0.0):
        if origin not in (0, 1):
            raise ValueError(f'origin must be 0 or 1, got {origin}')
        self.ann_file = str(ann_file)
        self.origin = origin
        self.min_score = min_score
        cached_keypoints(self.ann_file)  # errors now; forked processes share what was read

    def make(self, image: np.ndarray, stem: str) -> np.ndarray:
        keypoints = cached_keypoints(self.ann_file)
        row = keypoints.find(stem)
        if row is None:
            raise NoPerson(f'no entry {stem} in {self.ann_file}')
        points = keypoints.points[row] - np.array([self.origin, self.origin, 0], np.float32)
        return draw_person(points, keypoints.names, image.shape[:2], self.min_score)
