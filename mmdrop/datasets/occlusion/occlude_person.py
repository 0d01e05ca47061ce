"""The transform that occludes a person, for proxies of occluded benchmarks."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform

from mmdrop.datasets.occlusion.occluders import (
    SMALLEST_BODY,
    Occluder,
    People,
    draw_index,
    draw_object,
    draw_wall,
)
from mmdrop.datasets.parsing.keypoint_labels import LoadKeypointParsing
from mmdrop.registry import TRANSFORMS
from mmdrop.structures import IGNORED

ENTRIES = {'below': 0.65, 'side': 0.25, 'above': 0.1}  # most street objects stand on the ground
_TRIALS = 8
_TOLERANCE = 0.03  # first bound on share minus aim; each trial adds as much

Place = tuple[int, int]  # top and left of the occluder, in pixels of the picture


@TRANSFORMS.register_module()
class OccludePerson(BaseTransform):
    """Occlude a person as the seed says, for a proxy of an occluded benchmark.

    Place it directly behind the image loader.  The occluder, a drawn object with texture or a
    person cut out of a training image, comes from below (0.65 of the images), from a side (0.25)
    or from above (0.1) and hides a share of the body that is drawn uniformly.  The body is the
    union of the capsules of the key points; without key points, or where they span less than
    0.05 of the picture, it is the central upright ellipse of half the width and 0.9 of the height.

    The picture that results is a function of the image, ``occlusion_seed`` and the donors alone.

    Required keys: ``img``, ``img_path``, ``occlusion_seed`` (int, −1 leaves the image alone), as
    :class:`ReIDDataset` gives with ``occlusion``.
    Optional keys: ``label_stem``, ``pid``.
    Modified keys: ``img``, ``gt_seg_map`` (covered pixels become background).
    Added keys: ``occluded_share`` (float, share of the body in the picture that is covered),
    ``occluder`` and ``occluder_entry`` (str; empty where nothing is).

    Args:
        ann_file: Key points of the test images and of the donors; see
            :class:`LoadKeypointParsing`.
        people_root: Folder of the donors, the training images; those with key points are used.
            An image never gets a person of its own file name or, where a list or Market-1501's
            naming says it, pid.
        people_file: CSV list of the donors where the folder holds test images too: the training
            images of a set of ``layout='csv'``, their paths below ``people_root``.
        origin: Coordinate of the first pixel in ``ann_file``, 0 or 1.
        min_score: A joint in ``ann_file`` is known where its score is larger.
        covered: Lowest and highest share of the body to cover.
        people: Share of the occluders that are people, 0 to 0.9; none comes from above.

    Raises:
        FileNotFoundError: ``ann_file``, ``people_root`` or ``people_file`` is missing.
        KeyError: ``occlusion_seed`` is missing.
        ValueError: An argument is out of its range, or no donor has key points.
    """

    def __init__(
        self,
        ann_file: str,
        people_root: str = '',
        origin: int = 0,
        covered: tuple[float, float] = (0.2, 0.6),
        people: float = 0.4,
        people_file: str = '',
        min_score: float = 0.0,
    ):
        if len(covered) != 2 or not 0 < covered[0] <= covered[1] - 0.1 <= 0.85:
            raise ValueError(
                'covered must be two shares in (0, 0.95], the second larger by at least 0.1, '
                f'got {covered}'
            )
        if not 0 <= people <= 0.9:
            raise ValueError(f'people must be a share in [0, 0.9], got {people}')
        if people and not (ann_file and people_root):
            raise ValueError(
                'people are cut out of the images in people_root, by the key points in ann_file: '
                'give both, or set people=0'
            )
        self.source = None
        if ann_file:
            self.source = LoadKeypointParsing(ann_file, origin=origin, min_score=min_score)
        self.people_root, self.people_file = str(people_root), str(people_file)
        self.covered = (float(covered[0]), float(covered[1]))
        self.people = people
        self._people: People | None = None
        if people and Path(ann_file).is_file() and Path(people_root).is_dir():
            self._load_people()  # before the loader forks, so that workers share it

    @property
    def num_donors(self) -> int:
        """Images that people can be cut out of; another number gives other pictures."""
        return len(self._load_people().donors) if self.people else 0

    def _load_people(self) -> People:
        if self._people is None:
            self._people = People(self.people_root, self.source, self.people_file)
        return self._people

    def transform(self, results: dict) -> dict:
        if 'occlusion_seed' not in results:
            raise KeyError(
                f'{results.get("img_path")} has no occlusion_seed: build the data set with '
                'occlusion=dict(seed=0), or remove OccludePerson from its pipeline'
            )
        results.update(occluded_share=0.0, occluder='', occluder_entry='')
        if results['occlusion_seed'] < 0:
            return results
        rng = np.random.Generator(np.random.PCG64(results['occlusion_seed']))
        body = self._body(results)
        lowest, highest = self.covered
        aim = lowest + (highest - lowest) * rng.random()
        entry = _draw_entry(rng)
        occluder, (top, left) = self._choose(rng, results, body, entry, aim)

        image = results['img'].copy()
        inside, part = _overlap(image.shape[:2], occluder.mask.shape, top, left)
        mask = occluder.mask[part]
        image[inside][mask] = occluder.image[part][mask]
        results['img'] = image
        results['occluder'], results['occluder_entry'] = occluder.kind, entry
        results['occluded_share'] = _share(body, occluder.mask, top, left)
        if 'gt_seg_map' in results:
            label = results['gt_seg_map'].copy()
            if not (label == IGNORED).all():  # a label that is wholly ignored stays so
                label[inside][mask] = 0
            results['gt_seg_map'] = label
        return results

    def _body(self, results: dict) -> np.ndarray:
        """Mask of the person, ``(H, W)`` bool."""
        stem = results.get('label_stem', Path(results['img_path']).stem)
        if self.source is not None and self.source.has_label(stem):
            body = self.source.load(stem, results) > 0
            if np.count_nonzero(body) >= SMALLEST_BODY * body.size:
                return body
        return _ellipse(*results['img'].shape[:2])

    def _choose(
        self, rng: np.random.Generator, results: dict, body: np.ndarray, entry: str, aim: float
    ) -> tuple[Occluder, Place]:
        """Draw an occluder and place it so that it covers about ``aim`` of the body."""
        lowest, highest = self.covered
        # People never come from above, so they are more frequent elsewhere.
        is_person = entry != 'above' and rng.random() < self.people / (1 - ENTRIES['above'])
        height = len(body)
        for trial in range(_TRIALS):
            occluder = (
                self._load_people().draw(rng, results, height)
                if is_person
                else draw_object(rng, entry, height)
            )
            if occluder is None:
                continue
            places = _list_places(rng, entry, body, occluder.mask.shape)
            shares = [_share(body, occluder.mask, *place) for place in places]
            best = int(np.abs(np.subtract(shares, aim)).argmin())
            close = abs(shares[best] - aim) <= _TOLERANCE * (1 + trial)
            if close and lowest <= shares[best] <= highest:
                return occluder, places[best]
        return _wall(rng, body, entry, aim, self.covered), (0, 0)


def _draw_entry(rng: np.random.Generator) -> str:
    value = rng.random()
    if value < ENTRIES['below']:
        return 'below'
    return 'side' if value < ENTRIES['below'] + ENTRIES['side'] else 'above'


def _ellipse(height: int, width: int) -> np.ndarray:
    """Central upright ellipse, half as wide and 0.9 times as high as the picture."""
    # Twice the distance of pixel centres from the middle, in whole numbers.
    y, x = 2 * np.arange(height)[:, None] + 1 - height, 2 * np.arange(width)[None] + 1 - width
    return (18 * x * height) ** 2 + (10 * y * width) ** 2 <= (9 * height * width) ** 2


def _overlap(
    shape: tuple[int, ...], size: tuple[int, ...], top: int, left: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where an occluder of ``size`` lies in a picture of ``shape``, and which part of it."""
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = max(y0, min(shape[0], top + size[0])), max(x0, min(shape[1], left + size[1]))
    return np.s_[y0:y1, x0:x1], np.s_[y0 - top : y1 - top, x0 - left : x1 - left]


def _share(body: np.ndarray, mask: np.ndarray, top: int, left: int) -> float:
    """Share of the body under an occluder's mask."""
    inside, part = _overlap(body.shape, mask.shape, top, left)
    return np.count_nonzero(body[inside] & mask[part]) / np.count_nonzero(body)


def _list_places(
    rng: np.random.Generator, entry: str, body: np.ndarray, size: tuple[int, ...]
) -> list[Place]:
    """Places of an occluder of ``size`` that comes further and further into the picture."""
    (height, width), (h, w) = body.shape, size
    step = max(1, height // 64)
    columns = np.flatnonzero(body.any(0))
    middle = int(columns[0] + columns[-1] + 1) // 2
    if entry == 'side':
        # People nearer to the camera stand lower in the picture.
        top = height - h + draw_index(rng, height // 6 + 1)
        lefts: Iterable[int] = range(-w + 1, middle - w // 2 + 1, step)
        if rng.random() < 0.5:
            lefts = range(width - 1, middle - w // 2 - 1, -step)
        return [(top, left) for left in lefts] or [(top, middle - w // 2)]
    # A wide object shows any of its parts, a narrow one stands near the person.
    reach = max(0, w - width) // 2 + width // 6
    left = middle - w // 2 + draw_index(rng, 2 * reach + 1) - reach
    if entry == 'above':
        return [(top, left) for top in range(-h + 1, height // 6, step)]
    return [(top, left) for top in range(height - 1, max(0, height - h) - 1, -step)]


def _wall(
    rng: np.random.Generator,
    body: np.ndarray,
    entry: str,
    aim: float,
    covered: tuple[float, float],
) -> Occluder:
    """A wall that hides as many pixels of the body as the aim says; its edge may have one step."""
    height, width = body.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)[None]
    # In which the wall takes the pixels, or leaves them.
    order = columns * height + rows if entry == 'side' else rows * width + columns
    places = np.sort(order[body])
    fewest, most = math.ceil(covered[0] * len(places)), math.floor(covered[1] * len(places))
    number = min(max(round(aim * len(places)), fewest), most)
    from_start = entry == 'above' or (entry == 'side' and rng.random() < 0.5)
    mask = order <= places[number - 1] if from_start else order >= places[-number]
    return draw_wall(rng, (height, width))._replace(mask=mask)
