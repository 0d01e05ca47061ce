"""Rendered pedestrians with exact labels: the data set that needs no file."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmdrop.datasets.parsing.part_groups import get_part_groups
from mmdrop.datasets.rendering.figure import FINE_PARTS
from mmdrop.datasets.rendering.street import Rendering, Street
from mmdrop.registry import DATASETS

_CROWDS = {'train': 0, 'test': 1}
_FIRST_TEST_PID = 10_001  # leaves the training identities the pids below
_FIRST_DISTRACTOR = 1_000_000
_OCCLUDED = {'train': 0.25, 'test': 0.1}


@DATASETS.register_module()
class SyntheticReID(BaseDataset):
    """Pedestrians rendered from a seed, seen by several cameras, some of them occluded.

    An identity is a body shape, skin, hair, clothes with patterns, shoes, a bag and a hat, all
    from short lists of colours: many identities share a shirt or trousers, and only the
    combination tells them apart. A camera has a background, a viewpoint that it mostly sees,
    colours, blur and noise. In front of an occluded person stands an object or another
    pedestrian of the same crowd; passers-by may also be in the background.

    Every test query is occluded, and has a gallery image of its identity from another camera.
    Training and test set share the cameras and nothing else. An image is a function of
    ``seed``, the split, its identity and its number, so more identities or images leave the
    others as they are.

    Each sample has, before the pipeline: ``img`` ``(H, W, 3)`` uint8 BGR, ``img_shape``,
    ``ori_shape``, ``gt_seg_map`` ``(H, W)`` uint8 (0 background or occluder, 1..K the visible
    parts), ``num_parts``, ``left_right_pairs``, ``covered`` (share of the person's area that is
    hidden), and ``img_path`` (a name, not a file), ``pid`` (0 is a distractor of the gallery),
    ``camid`` from 0, ``gt_label`` (−1 in the test set), ``is_query``.

    Metainfo: ``dataset_name``, ``num_identities`` (without distractors), ``num_cameras``,
    ``part_names``.

    Args:
        split: ``'train'``, or ``'test'`` for queries followed by the gallery.
        num_identities: Identities of the split.
        images_per_identity: Images of each, queries included; cameras take turns.
        num_cameras: Cameras.
        image_size: Height and width in pixels.
        num_parts: K.
        groups: Name of a table of :mod:`mmdrop.datasets.parsing.part_groups`; the usual one
            of K parts if absent.
        seed: Seed of everything.
        occluded: Share of the training or the gallery images that are occluded; by default
            0.25 in training and 0.1 in the gallery. Queries always are.
        covered: Lowest and highest share of an occluded person's area that is hidden.
        queries_per_identity: Queries of each identity; test split only.
        num_distractors: Persons of the gallery that no query shows; test split only.
        pipeline: Transforms; they start from an image and a label that are already there.
        cache: Render all images at once, before worker processes start, and keep them; else
            each is rendered whenever it is asked for.
        metainfo: Further entries of the metainfo.
        indices: Use the first images only, or those of the list.
        lazy_init: Render at first use.

    Raises:
        ValueError: An argument is out of its range.
    """

    METAINFO: ClassVar[dict] = dict(dataset_name='synthetic')

    def __init__(
        self,
        split: str = 'train',
        num_identities: int = 100,
        images_per_identity: int = 12,
        num_cameras: int = 6,
        image_size: tuple[int, int] = (128, 64),
        num_parts: int = 8,
        groups: str | None = None,
        seed: int = 0,
        occluded: float | None = None,
        covered: tuple[float, float] = (0.2, 0.6),
        queries_per_identity: int = 2,
        num_distractors: int = 20,
        pipeline: Sequence[dict | Callable] = (),
        cache: bool = True,
        metainfo: Mapping | None = None,
        indices: int | Sequence[int] | None = None,
        lazy_init: bool = False,
    ):
        if split not in _CROWDS:
            raise ValueError(f"split must be 'train' or 'test', got {split!r}")
        self.split = split
        self.num_identities = num_identities
        self.images_per_identity = images_per_identity
        self.num_cameras = num_cameras
        self.image_size = image_size
        self.seed = seed
        self.occluded = _OCCLUDED[split] if occluded is None else occluded
        self.covered = covered
        self.queries_per_identity = queries_per_identity if split == 'test' else 0
        self.num_distractors = num_distractors if split == 'test' else 0
        self.num_parts = num_parts
        self.cache = cache
        self._check_arguments()

        table = get_part_groups(num_parts, groups)
        self.left_right_pairs = table.left_right_pairs
        self._labels = np.array([table.limb_labels.get(part, 0) for part in FINE_PARTS], np.uint8)
        self._street: Street | None = None
        self._rendered: dict[int, Rendering] = {}
        super().__init__(
            metainfo=metainfo,
            indices=indices,
            pipeline=list(pipeline),
            test_mode=split == 'test',
            lazy_init=True,
        )
        self._metainfo.update(
            num_identities=num_identities, num_cameras=num_cameras, part_names=table.part_names
        )
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """List the images and, with ``cache``, render them."""
        if self._fully_initialized:
            return
        super().full_init()
        if self.cache:
            start = time.perf_counter()
            infos = [self.get_data_info(index) for index in range(len(self))]
            self._rendered = {info['number']: self._render(info) for info in infos}
            seconds = time.perf_counter() - start
            self._street = None  # its memory is needed no more
            print_log(
                f'synthetic {self.split}: rendered {len(infos)} images in {seconds:.1f} s',
                logger='current',
            )

    def load_data_list(self) -> list[dict]:
        """List the images of the split, queries first."""
        first_pid = _FIRST_TEST_PID if self.split == 'test' else 1
        data_list = []
        for label in range(self.num_identities):
            data_list += self._list_identity(label, first_pid + label, label)
        for distractor in range(self.num_distractors):
            data_list += self._list_identity(_FIRST_DISTRACTOR + distractor, 0, -1)
        data_list.sort(key=lambda info: not info['is_query'])
        for number, info in enumerate(data_list):
            place = f'{info["pid"]:04d}_c{info["camid"] + 1}_{number:06d}'
            info |= dict(number=number, img_path=f'synthetic/{self.split}/{place}')
        return data_list

    def _list_identity(self, identity: int, pid: int, label: int) -> list[dict]:
        rng = np.random.default_rng([self.seed, _CROWDS[self.split], identity])
        cameras = rng.permutation(self.num_cameras)
        occluded = rng.random(self.images_per_identity) < self.occluded
        infos = []
        for index in range(self.images_per_identity):
            is_query = pid != 0 and index < self.queries_per_identity
            infos.append(
                dict(
                    identity=identity,
                    index=index,
                    pid=pid,
                    camid=int(cameras[index % self.num_cameras]),
                    gt_label=label if self.split == 'train' else -1,
                    is_query=is_query,
                    occluded=is_query or bool(occluded[index]),
                )
            )
        return infos

    def prepare_data(self, idx: int) -> dict:
        """Render an image, or take it from the cache, and run the pipeline."""
        results = self.get_data_info(idx)
        rendering = self._rendered.get(results['number']) or self._render(results)
        results |= dict(
            img=rendering.image.copy(),
            img_shape=rendering.image.shape[:2],
            ori_shape=rendering.image.shape[:2],
            gt_seg_map=self._labels[rendering.parts],
            num_parts=self.num_parts,
            left_right_pairs=self.left_right_pairs,
            covered=rendering.covered,
        )
        data = self.pipeline(results)
        if data is None:
            raise ValueError(f'{results["img_path"]}: a transform of the pipeline returned None')
        return data

    def _render(self, info: dict) -> Rendering:
        if self._street is None:
            crowd = _CROWDS[self.split]
            self._street = Street(self.seed, crowd, self.image_size, self.num_cameras)
        covered = self.covered if info['occluded'] else None
        return self._street.render(info['identity'], info['index'], info['camid'], covered)

    def _check_arguments(self) -> None:
        if not 1 <= self.num_identities < _FIRST_TEST_PID:
            raise ValueError(f'num_identities must be 1 to 10000, got {self.num_identities}')
        fewest = self.queries_per_identity + 2 if self.split == 'test' else 1
        if self.images_per_identity < fewest:
            raise ValueError(
                f'images_per_identity must be at least {fewest} in the {self.split} split (a '
                f'query needs a gallery image of another camera), got {self.images_per_identity}'
            )
        if self.split == 'test' and self.queries_per_identity < 1:
            raise ValueError(f'queries_per_identity must be positive: {self.queries_per_identity}')
        if self.num_distractors < 0:
            raise ValueError(f'num_distractors must not be negative, got {self.num_distractors}')
        if self.num_cameras < 2:
            raise ValueError(f'num_cameras must be at least 2, got {self.num_cameras}')
        if len(self.image_size) != 2 or min(self.image_size) < 16:
            raise ValueError(
                f'image_size must be height and width of 16 pixels or more, got {self.image_size}'
            )
        if not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f'seed must be a whole number from 0, got {self.seed!r}')
        if not 0 <= self.occluded <= 1:
            raise ValueError(f'occluded must be a share in [0, 1], got {self.occluded}')
        if len(self.covered) != 2 or not 0 < self.covered[0] <= self.covered[1] - 0.15 <= 0.75:
            raise ValueError(
                'covered must be two shares in (0, 0.9], the second larger by at least 0.15, '
                f'got {self.covered}'
            )
