"""Several training sets as one."""

import copy
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.logging import print_log

from mmdrop.datasets.joint_checks import (
    agree_on_parts,
    find_copies,
    part_names_of,
    refuse_same_people,
)
from mmdrop.datasets.layouts import Counts
from mmdrop.datasets.listing import NO_CAMERA, describe_counts
from mmdrop.registry import DATASETS

# What a set may know before its images are listed, and all sets together do not.
_COUNTED = ('num_identities', 'num_cameras', 'part_names')


class _Numbers(NamedTuple):
    """What the images of a set say."""

    paths: list[str]
    labels: np.ndarray
    cameras: np.ndarray  # −1 where there is none


@DATASETS.register_module()
class JointReID(ConcatDataset):
    """Several training sets as one, whose classes are the identities of all sets.

    The images of one set follow those of another, each through its own pipeline.  ``gt_label`` and
    ``camid`` count on from set to set, so that no two sets share a label or a camera; an image
    without camera stays without.  ``pid`` is what its set writes.  A set alone is as it is by
    itself.  :class:`IdentitySampler` divides batches among the sets by its ``balance``.

    Sets with and without parsing labels go together: an image without one has ``num_parts`` and no
    ``gt_seg_map``, trains the ReID branch, and takes no part in the parsing loss.

    Metainfo: ``dataset_name``, the sets' names with ``+`` between, and, once loaded,
    ``num_identities`` and ``num_cameras``, sums over the sets, ``part_names`` if there are labels,
    and ``sets``, from the name of each set to its ``dataset_name``, ``num_images``,
    ``num_identities`` and ``num_cameras``.  Of other entries it has those in which all sets agree.

    Args:
        datasets: From a name to a data set or its config, such as ``dict(market1501=dict(
            type='ReIDDataset', layout='market1501', …), mine=…)``.
        lazy_init: List the images at first use.

    Raises:
        TypeError: ``datasets`` is no mapping, or an entry no data set.
        ValueError: There is no set, a set is for tests, sets have the same images, or their labels
            have different parts.
    """

    datasets: list[BaseDataset]

    def __init__(self, datasets: Mapping[str, BaseDataset | Mapping], lazy_init: bool = False):
        if not isinstance(datasets, Mapping):
            raise TypeError(
                'JointReID needs `datasets` by name, dict(market1501=dict(…), mine=dict(…)), got '
                f'{type(datasets).__name__}'
            )
        if not datasets:
            raise ValueError('JointReID needs at least one entry in `datasets`')
        sets = {name: _build(name, entry, lazy_init) for name, entry in datasets.items()}
        self.names = tuple(sets)
        infos = [dataset.metainfo for dataset in sets.values()]
        # MMEngine compares the metainfo, of which the counts differ.
        keys = {key for info in infos for key in info}
        super().__init__(list(sets.values()), lazy_init=True, ignore_keys=sorted(keys))
        self._metainfo = {
            key: value
            for key, value in infos[0].items()
            if key not in _COUNTED and all(np.array_equal(i.get(key), value) for i in infos)
        }
        names = [str(info.get('dataset_name', n)) for n, info in zip(sets, infos, strict=True)]
        self._metainfo['dataset_name'] = '+'.join(names)
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """List the images of all sets, and give them their labels and cameras."""
        if self._fully_initialized:
            return
        for dataset in self.datasets:
            dataset.full_init()
        sets = dict(zip(self.names, self.datasets, strict=True))
        part_names = agree_on_parts(sets)
        refuse_same_people(sets)
        numbers = {name: _read(name, dataset) for name, dataset in sets.items()}
        copies = find_copies({name: own.paths for name, own in numbers.items()})
        if copies:
            text = f'{self._name}: look at this before you trust it: {"; ".join(copies)}'
            print_log(text, 'current', level=logging.WARNING)
        self.datasets, counts = [], {}
        first_label = first_camera = 0
        for name, dataset in sets.items():
            info, own = dataset.metainfo, numbers[name]
            num_parts = len(part_names) if not part_names_of(dataset) and part_names else None
            # Of a part of a set, the metainfo counts the identities of all of it.
            num_identities = max(info.get('num_identities', 0), int(own.labels.max()) + 1)
            cameras = np.unique(own.cameras[own.cameras != NO_CAMERA])
            counts[name] = dict(
                dataset_name=info.get('dataset_name', name),
                num_images=len(dataset),
                num_identities=num_identities,
                num_cameras=info.get('num_cameras', len(cameras)),
            )
            self.datasets.append(_count_on(dataset, first_label, first_camera, num_parts))
            first_label += num_identities
            first_camera += int(cameras.max(initial=-1)) + 1
        for key in ('num_identities', 'num_cameras'):
            self._metainfo[key] = sum(own[key] for own in counts.values())
        self._metainfo['sets'] = counts
        if part_names:
            self._metainfo['part_names'] = part_names
        super().full_init()
        if len(sets) > 1:
            self._report(sets)

    @property
    def _name(self) -> str:
        return self._metainfo['dataset_name']

    def _report(self, sets: Mapping[str, BaseDataset]) -> None:
        """Log the counts of all sets together and of each."""
        info, texts = self._metainfo, []
        for name, own in info['sets'].items():
            counts = Counts(own['num_images'], own['num_identities'], own['num_cameras'])
            without = 'part_names' in info and not part_names_of(sets[name])
            texts.append(
                f'{name} ({describe_counts(counts)}{", no parsing labels" if without else ""})'
            )
        counts = Counts(len(self), info['num_identities'], info['num_cameras'])
        print_log(f'{self._name} train: {describe_counts(counts)}: {", ".join(texts)}', 'current')


def _build(name: str, entry: BaseDataset | Mapping, lazy_init: bool) -> BaseDataset:
    if isinstance(entry, Mapping):
        entry = DATASETS.build(dict(entry, lazy_init=True) if lazy_init else dict(entry))
    if not isinstance(entry, BaseDataset):  # a wrapper's samples cannot be given other labels
        raise TypeError(
            f'JointReID: {name!r} is a {type(entry).__name__}, but must be a data set such as '
            'ReIDDataset, or its config; name the sets inside a wrapper one by one'
        )
    return entry


def _read(name: str, dataset: BaseDataset) -> _Numbers:
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    labels = np.array([info['gt_label'] for info in infos])
    if not len(infos) or (labels < 0).any():
        what = 'is a test set: gt_label is −1' if len(infos) else 'is empty'
        raise ValueError(f'JointReID joins training sets, but {name!r} {what}')
    cameras = [info.get('camid') for info in infos]
    return _Numbers(
        [str(info.get('img_path', '')) for info in infos],
        labels,
        np.array([NO_CAMERA if camera is None else camera for camera in cameras]),
    )


def _count_on(
    dataset: BaseDataset, first_label: int, first_camera: int, num_parts: int | None
) -> BaseDataset:
    """The data set with other numbers, which its pipeline sees too."""
    member = copy.copy(dataset)
    # What BaseDataset reads a sample by; the data set itself stays as it was.
    member.get_data_info = partial(  # type: ignore[method-assign]
        _shift, dataset.get_data_info, first_label, first_camera, num_parts
    )
    return member


def _shift(
    read: Callable[[int], dict[str, Any]],
    first_label: int,
    first_camera: int,
    num_parts: int | None,
    idx: int,
) -> dict[str, Any]:
    info = dict(read(idx))
    info['gt_label'] += first_label
    if info.get('camid') is not None and info['camid'] != NO_CAMERA:
        info['camid'] += first_camera
    if num_parts is not None:
        info['num_parts'] = num_parts
    return info
