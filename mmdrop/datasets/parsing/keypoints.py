"""Key points of many images, and where they lie in an image."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmdrop.datasets.parsing.limbs import Point, known_joints


class KeypointContent(NamedTuple):
    """What a file holds: N entries, and the images that it lists without key points.

    Attributes:
        names: The J joints.
        stems: File names without suffix, with folders if the file gives them.
        points: ``(N, J, 3)`` float32: x, y and score.
        sizes: ``(N, 2)`` float32: width and height that x and y refer to, or NaN.
        absent: Stem of an image without key points, and why it has none.
    """

    names: tuple[str, ...]
    stems: list[str]
    points: np.ndarray
    sizes: np.ndarray
    absent: dict[str, str]


class Keypoints(NamedTuple):
    """Key points of many images.

    Attributes:
        place: File or folder that they are from.
        names: The J joints.
        rows: Entry, a file name without suffix and with its folders if it has any, to row of
            ``points``.
        points: ``(N, J, 3)`` float32: x, y in pixels and score, which is 0 for an unknown joint.
        sizes: ``(N, 2)`` float32: width and height of the image that x and y refer to, NaN where
            the file does not say.
        longer: End of an entry to its row, where no other entry ends so.
        absent: Images that the file lists without the key points of a person, and why.
    """

    place: str
    names: tuple[str, ...]
    rows: dict[str, int]
    points: np.ndarray
    sizes: np.ndarray
    longer: dict[str, int]
    absent: dict[str, str]

    def find(self, stem: str) -> int | None:
        """Row of an image such as ``'train/0001/a'``, None if there is none.

        An entry is the image's where one name is the end of the other: ``'a'``, ``'0001/a'`` or
        ``'images/train/0001/a'``, but not ``'0002/a'``.
        """
        names = name_ends(stem)
        row = next((self.rows[name] for name in names if name in self.rows), None)
        return self.longer.get(stem) if row is None else row

    def why_absent(self, stem: str) -> str:
        """Why an image has no row."""
        for name in name_ends(stem):
            if name in self.absent:
                return f'{self.place} has no key points of it: {self.absent[name]}'
        return f'no entry {stem} in {self.place}'

    def joints(
        self, stem: str, shape: tuple[int, int], origin: int, min_score: float
    ) -> dict[str, Point]:
        """Known joints of an image that has a row: x, y in pixels from its first pixel's centre.

        Where the file gives another width and height than the image has, the image was resized
        after the key points were found, and they follow.

        Args:
            stem: The image.
            shape: Its height and width.
            origin: Coordinate of the first pixel, 0 or 1.
            min_score: A joint is known where its score is larger.

        Raises:
            ValueError: The key points do not fit the image.
        """
        row = self.find(stem)
        where = f'{self.place}, {stem}'
        x_scale, y_scale = self._scale(self.sizes[row], shape, where)
        joints = {
            name: ((x - origin + 0.5) * x_scale - 0.5, (y - origin + 0.5) * y_scale - 0.5)
            for name, (x, y) in known_joints(self.names, self.points[row], min_score).items()
        }
        _refuse_outside(joints, shape, where)
        return joints

    def _scale(self, size: np.ndarray, shape: tuple[int, int], where: str) -> tuple[float, float]:
        height, width = shape
        old_width, old_height = size.tolist()
        if not old_width > 0 or (old_width, old_height) == (width, height):
            return 1.0, 1.0
        x_scale, y_scale = width / old_width, height / old_height
        # Whoever resizes an image rounds one of its sides to whole pixels.
        if abs(old_width * y_scale - width) > 1 and abs(old_height * x_scale - height) > 1:
            swapped = ', width and height in turn' if size.tolist() == [height, width] else ''
            raise ValueError(
                f'{where}: `width` × `height` are {old_width:.0f} × {old_height:.0f}, the image is '
                f'{width} × {height}{swapped}; give the size of the image that x and y refer to'
            )
        return x_scale, y_scale


def check_reading(origin: int, min_score: float) -> None:
    """Refuse arguments that no key-point file can be read with.

    Raises:
        ValueError: One is out of range.
    """
    if origin not in (0, 1):
        raise ValueError(f'origin must be 0 or 1, got {origin}')
    if not min_score >= 0:  # a joint that is not there has the score 0
        raise ValueError(f'min_score must not be negative, got {min_score}')


def name_ends(stem: str) -> list[str]:
    """``'x/y/a'`` to ``['x/y/a', 'y/a', 'a']``."""
    folders = stem.split('/')
    return ['/'.join(folders[i:]) for i in range(len(folders))]


def find_shared(keypoints: Keypoints, stems: Sequence[str]) -> list[str]:
    """Images whose entry is that of another image too, for want of folders in its name."""
    rows = [keypoints.find(stem) for stem in stems]
    number = Counter(rows)
    return [s for s, row in zip(stems, rows, strict=True) if row is not None and number[row] > 1]


def _refuse_outside(joints: dict[str, Point], shape: tuple[int, int], where: str) -> None:
    """A joint a little outside is cut off by the border; far outside it is of another image."""
    height, width = shape
    inside = [-1 <= x <= width and -1 <= y <= height for x, y in joints.values()]
    reach = max(height, width)
    far = [
        name
        for name, (x, y) in joints.items()
        if not (-reach <= x <= width + reach and -reach <= y <= height + reach)
    ]
    if far or (joints and not any(inside)):
        name = far[0] if far else next(iter(joints))
        x, y = joints[name]
        raise ValueError(
            f'{where}: {name} lies at x {x:.0f}, y {y:.0f}, far outside the image of {width} × '
            f'{height}; give x and y in pixels of this image, not of the frame that it was cut '
            'from, or the width and height that they refer to'
        )
