"""What the sources of parsing labels share."""

from abc import abstractmethod
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dataset import BaseDataset

from mmdrop.datasets.parsing.part_groups import get_part_groups
from mmdrop.structures import IGNORED


class ParsingSource(BaseTransform):
    """Base of the label sources; place it behind the image loader.

    Required keys: ``img_path`` and ``img``, of which the size is taken; ``label_stem`` (label
    file without suffix, below the labels' folder; the image's file stem if absent).
    Added keys: ``gt_seg_map`` ``(H, W)`` uint8 (0 background, 1..K parts, 255 ignored),
    ``num_parts``, ``left_right_pairs``.

    Args:
        num_parts: K.
        groups: Name of a table of :mod:`mmdrop.datasets.parsing.part_groups`; the usual one
            of K parts if absent.
        missing: What an image without label means: ``'error'``, or ``'ignore'`` for a label of
            255 everywhere.  A damaged label is always an error.
    """

    def __init__(self, num_parts: int, groups: str | None = None, missing: str = 'error'):
        if missing not in ('error', 'ignore'):
            raise ValueError(f"missing must be 'error' or 'ignore', got {missing!r}")
        self.groups = get_part_groups(num_parts, groups)
        self.num_parts = num_parts
        self.missing = missing
        self.left_right_pairs = self.groups.left_right_pairs

    def transform(self, results: dict) -> dict:
        shape = results['img'].shape[:2]
        stem = results.get('label_stem', Path(results['img_path']).stem)
        if self.has_label(stem):
            label = self.load(stem, results)
        elif self.missing == 'ignore':
            label = np.full(shape, IGNORED, np.uint8)
        else:
            raise FileNotFoundError(
                f'{results["img_path"]} has no parsing label ({self.where(stem)}); add it, or set '
                "missing='ignore' to train on this image without one"
            )
        results['gt_seg_map'] = label
        results['num_parts'] = self.num_parts
        results['left_right_pairs'] = self.left_right_pairs
        return results

    @abstractmethod
    def has_label(self, stem: str) -> bool:
        """Whether the image has a label."""

    @abstractmethod
    def where(self, stem: str) -> str:
        """Where the label is looked for."""

    @abstractmethod
    def load(self, stem: str, results: dict) -> np.ndarray:
        """Label map of the image's size, ``(H, W)`` uint8."""


class FileParsingSource(ParsingSource):
    """One label file an image, ``root/<label_stem><suffix>``."""

    def __init__(self, root: str, suffix: str, num_parts: int, groups: str | None, missing: str):
        super().__init__(num_parts, groups, missing)
        self.root = root
        self.suffix = suffix

    def path(self, stem: str) -> Path:
        """The label file of an image."""
        return Path(self.root, stem + self.suffix)

    def load(self, stem: str, results: dict) -> np.ndarray:
        """Read the file and make the label of the image's size."""
        return self.to_label(self.read(stem), results['img'].shape[:2])

    @abstractmethod
    def read(self, stem: str) -> np.ndarray:
        """Checked content of a label file, ``(…, h, w)``.

        Raises:
            ValueError: The file is damaged or not in the source's form.
        """

    @abstractmethod
    def to_label(self, content: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Label map of this height and width, ``(H, W)`` uint8, of what :meth:`read` gave."""

    def where(self, stem: str) -> str:
        return f'no file {self.path(stem)}'

    def has_label(self, stem: str) -> bool:
        if self.path(stem).is_file():
            return True
        if not Path(self.root).is_dir():  # also with missing='ignore': no label would be found
            raise FileNotFoundError(
                f'{self.root} is not a folder; set `root` to that of the labels'
            )
        return False


def find_parsing_source(dataset: BaseDataset) -> ParsingSource | None:
    """The first label source in the pipeline of a data set, None if there is none."""
    transforms = getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
    return next((t for t in transforms if isinstance(t, ParsingSource)), None)
