"""The detected crops of CUHK03's first camera pair in ``cuhk-03.mat``."""

from pathlib import Path

import cv2
import numpy as np

from mmdrop.utils import import_extra

NUM_PEOPLE, NUM_VAL, NUM_IMAGES = 843, 100, 10


class CUHK03Mat:
    """Detected crops of the first camera pair, as JPEG files with the names of the repository.

    The file holds a cell for each of 843 people and 10 images, 5 from each camera; some are
    empty.  The repository manideep2510/CUHK03_dataset has them as
    ``detected/train/<person>_<image>.jpg`` for the first 743 people and
    ``detected/val/<person>_<image>.jpg`` for the last 100, both counted from 0.  So does
    digitalbrain79/person-reid, whose script writes these names.

    Attributes:
        sizes: Name of each image to its height and width.

    Args:
        path: ``cuhk-03.mat``, a MATLAB file of version 7.3.

    Raises:
        ModuleNotFoundError: h5py is not installed.
        ValueError: It cannot be read, or is another file.
    """

    def __init__(self, path: Path):
        h5py = import_extra('h5py', 'mmdrop[cuhk03]')
        self.path = path
        try:
            self.file = h5py.File(path, 'r')
            # MATLAB's 843 × 10 cells, read with the axes in reverse order
            cells = self.file[self.file['detected'][0, 0]]
            shape = cells.shape
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f'{path} is no cuhk-03.mat that can be read ({error})') from error
        if shape != (NUM_IMAGES, NUM_PEOPLE):
            raise ValueError(
                f'{path}: expected {NUM_PEOPLE} × {NUM_IMAGES} cells in the first pair of '
                f'`detected`, found {" × ".join(map(str, shape[::-1]))}'
            )
        crops = {
            _name(person, image): self.file[reference]
            for image, row in enumerate(cells[:])
            for person, reference in enumerate(row)
        }
        # (3, W, H); an empty cell holds its two sizes of 0
        self._crops = {name: crop for name, crop in crops.items() if crop.ndim == 3}
        self.sizes = {name: (c.shape[2], c.shape[1]) for name, c in self._crops.items()}

    def exists(self, name: str) -> bool:
        """Whether there is such an image."""
        return name in self._crops

    def read(self, name: str) -> bytes:
        """Content of a JPEG file of an image, in OpenCV's usual quality as in the repository."""
        rgb = np.asarray(self._crops[name][()]).transpose(2, 1, 0)  # (H, W, 3)
        return cv2.imencode('.jpg', np.ascontiguousarray(rgb[..., ::-1]))[1].tobytes()


def _name(person: int, image: int) -> str:
    num_train = NUM_PEOPLE - NUM_VAL
    folder, number = ('train', person) if person < num_train else ('val', person - num_train)
    return f'detected/{folder}/{number:04d}_{image:02d}.jpg'
