"""What the makers of parsing labels share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError

import cv2
import numpy as np
import torch

from mmdrop.datasets.parsing.limbs import COCO_JOINTS, draw_limbs, known_joints
from mmdrop.datasets.parsing.part_groups import PartGroups
from mmdrop.datasets.parsing.tables import LIMB_INDEX
from mmdrop.registry import LABEL_MAKERS


class NoPerson(Exception):
    """Nobody was found in an image."""


class LabelMaker(ABC):
    """Base of the makers: an image goes in, its label comes out.

    A label is an index map ``(H, W)`` uint8, 0 for background and the limbs of
    :data:`~mmdrop.datasets.parsing.tables.LIMB_INDEX`, for :class:`LoadParsingMap` with
    ``mapping='limbs'``; or confidence fields ``(36, h, w)`` in [0, 1], for
    :class:`LoadPifPafFields`.

    Attributes:
        suffix: Of the files: ``'.png'`` for index maps, ``'.npy'`` for fields.
        parallel: Whether several processes may work at once; models have threads of their own.

    Args:
        mask_filter: Config of a filter such as :class:`MaskRCNNFilter`; None for none.
    """

    suffix = '.png'
    parallel = False

    def __init__(self, mask_filter: dict | None = None):
        self.mask_filter = LABEL_MAKERS.build(mask_filter) if mask_filter else None

    @abstractmethod
    def make(self, image: np.ndarray, stem: str) -> np.ndarray:
        """Label of an image ``(H, W, 3)`` uint8 BGR.

        Args:
            image: The image.
            stem: Its label file without suffix, below the labels' folder.

        Raises:
            NoPerson: Nobody was found.
        """

    def prepare(self, stems: Sequence[str]) -> None:  # noqa: B027
        """Called once before a run with the stems of all its images.

        Raises:
            ValueError: No label of these images can be right.
        """

    @property
    def groups(self) -> PartGroups | None:
        """Table of parts that the labels can fill; None for labels that fill any table."""
        return None

    def background(self, shape: tuple[int, int]) -> np.ndarray:
        """Label of an image of this height and width that shows nobody."""
        return np.zeros(shape if self.suffix == '.png' else (36, 1, 1), np.uint8)


class PoseLabelMaker(LabelMaker):
    """Base of the makers that find people's key points: draws the limbs of one person.

    The person is the one whose box has its centre nearest to that of the image. With a mask filter
    it is the one with the most key points inside the mask of the central person, and what lies
    outside that mask is background: so an overlapping passer-by is left out.

    Args:
        min_score: A joint is known where its score exceeds this number.
        mask_filter: Config of a filter such as :class:`MaskRCNNFilter`; None for none.
    """

    def __init__(self, min_score: float, mask_filter: dict | None = None):
        super().__init__(mask_filter)
        self.min_score = min_score

    @abstractmethod
    def find_people(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Key points ``(N, 17, 3)``, x, y and score, and boxes ``(N, 4)``, x1 y1 x2 y2, in pixels.

        Coordinates count from the centre of the first pixel; joints are those of COCO-17.
        """

    def make(self, image: np.ndarray, stem: str) -> np.ndarray:
        shape = image.shape[:2]
        keypoints, boxes = self.find_people(image)
        if not len(keypoints):
            raise NoPerson('no pose was found')
        mask = None if self.mask_filter is None else self.mask_filter.find_mask(image)
        person = (
            nearest_to_centre(boxes, shape)
            if mask is None
            else most_inside(keypoints, self.min_score, mask, boxes)
        )
        label = draw_person(keypoints[person], COCO_JOINTS, shape, self.min_score)
        return label if mask is None else np.where(mask, label, 0).astype(np.uint8)


def draw_person(
    points: np.ndarray, names: Sequence[str], shape: tuple[int, int], min_score: float
) -> np.ndarray:
    """Limbs of one person as an index map ``(H, W)``.

    Args:
        points: ``(J, 3)``, x and y in pixels from the centre of the first one, and score.
        names: The J joints.
        shape: Height and width.
        min_score: A joint is known where its score exceeds this number.

    Raises:
        NoPerson: No joint is known.
    """
    joints = known_joints(names, points, min_score)
    if not joints:
        raise NoPerson('no key point is certain enough')
    return draw_limbs(joints, shape, LIMB_INDEX)


def nearest_to_centre(boxes: np.ndarray, shape: tuple[int, int]) -> int:
    """Place of the box ``(N, 4)``, x1 y1 x2 y2, whose centre is nearest to that of the image."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    distance = np.linalg.norm(centres - np.array([shape[1], shape[0]]) / 2, axis=1)
    return int(distance.argmin())


def most_inside(
    keypoints: np.ndarray, min_score: float, mask: np.ndarray, boxes: np.ndarray
) -> int:
    """Place of the person with the most known key points in the mask; the central one of equals."""
    x, y = keypoints[..., :2].round().astype(int).transpose(2, 0, 1)
    height, width = mask.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (keypoints[..., 2] > min_score)
    inside &= mask[y.clip(0, height - 1), x.clip(0, width - 1)]
    count = inside.sum(1)
    best = np.flatnonzero(count == count.max())
    return int(best[nearest_to_centre(boxes[best], mask.shape)])


def filter_fields(fields: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Multiply confidence fields ``(36, h, w)`` by a mask ``(H, W)``, brought to their size."""
    height, width = fields.shape[1:]
    share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return fields * share


def download_error(url: str, error: URLError, option: str) -> RuntimeError:
    """The error of weights that cannot be downloaded, which says where to put the file.

    Args:
        url: Address of the weights, which :mod:`torch.hub` looks for in its cache first.
        error: What the download failed with.
        option: How the maker is told another file.
    """
    folder = Path(torch.hub.get_dir(), 'checkpoints')
    return RuntimeError(
        f'{url} cannot be downloaded ({error.reason}). Download it where there is a network, and '
        f'put it into {folder} as {url.rpartition("/")[2]} or pass {option}'
    )
