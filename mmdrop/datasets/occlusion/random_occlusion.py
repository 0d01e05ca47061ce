"""Occluders pasted over people in training."""

import numpy as np
from mmcv.transforms.utils import cache_randomness

from mmdrop.datasets.occlusion.occlude_person import OccludePerson
from mmdrop.datasets.occlusion.occluders import SMALLEST_BODY
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED


@TRANSFORMS.register_module()
class RandomOcclusion(OccludePerson):
    """Paste a drawn object or another person over some of the training images.

    As :class:`OccludePerson`, of which it is the form for training: each image is occluded with a
    probability and anew in every epoch, and its label loses what is covered.  Place it behind the
    label source.  The body is the foreground of the label, where there is one.

    Required keys: ``img``, ``img_path``.
    Optional keys: ``gt_seg_map``, ``label_stem``, ``pid``.
    Modified keys: ``img``, ``gt_seg_map`` (covered pixels become background).
    Added keys: ``occluded_share``, ``occluder`` and ``occluder_entry``, as
    :class:`OccludePerson`; and ``occlusion_seed``.

    Args:
        prob: Probability of occluding an image.
        ann_file: Key points of the images and of the donors of people; not needed with
            ``people=0``.
        people_root: Folder of the donors, the training images.
        people_file: CSV list of the donors where the folder holds test images too.
        origin: Coordinate of the first pixel in ``ann_file``, 0 or 1.
        covered: Lowest and highest share of the body to cover.
        people: Share of the occluders that are people, 0 to 0.9.
        min_score: A joint in ``ann_file`` is known where its score is larger.

    Raises:
        FileNotFoundError: ``ann_file``, ``people_root`` or ``people_file`` is missing.
        ValueError: An argument is out of its range, or no donor has key points.
    """

    def __init__(
        self,
        prob: float = 0.5,
        ann_file: str = '',
        people_root: str = '',
        origin: int = 0,
        covered: tuple[float, float] = (0.2, 0.6),
        people: float = 0.4,
        people_file: str = '',
        min_score: float = 0.0,
    ):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be in [0, 1], got {prob}')
        super().__init__(ann_file, people_root, origin, covered, people, people_file, min_score)
        self.prob = prob

    @cache_randomness
    def _choose_seed(self) -> int:
        """Seed of the occluder, −1 to leave the image alone."""
        if np.random.random() >= self.prob:  # noqa: NPY002
            return -1
        return int(np.random.randint(2**31))  # noqa: NPY002

    def transform(self, results: dict) -> dict:
        results['occlusion_seed'] = self._choose_seed()
        return super().transform(results)

    def _body(self, results: dict) -> np.ndarray:
        label = results.get('gt_seg_map')
        if label is not None:
            body = (label > 0) & (label != IGNORED)
            if np.count_nonzero(body) >= SMALLEST_BODY * body.size:
                return body
        return super()._body(results)
