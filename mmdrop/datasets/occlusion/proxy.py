"""Which images of a proxy benchmark are occluded, and the proof that two machines see the same.

A proxy is made from a whole-body set's own test images with :class:`OccludePerson`; its scores
say nothing about the occluded set that it stands in for.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from mmengine.dataset import BaseDataset

from mmdrop.datasets.occlusion.occlude_person import OccludePerson

_DEFAULTS = {'seed': 0, 'query': 1.0, 'gallery': 0.1}  # the shares are those of Occluded-Duke


def check_occlusion(occlusion: Mapping) -> dict:
    """Fill in the defaults of a data set's argument ``occlusion`` and check it.

    Raises:
        ValueError: A key is unknown, or a value is out of its range.
    """
    unknown = set(occlusion) - set(_DEFAULTS)
    if unknown:
        raise ValueError(f'occlusion has the keys {list(_DEFAULTS)}, got {sorted(unknown)}')
    checked = _DEFAULTS | dict(occlusion)
    seed = checked['seed']
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"occlusion['seed'] must be a whole number from 0, got {seed!r}")
    for subset in ('query', 'gallery'):
        if not 0 <= checked[subset] <= 1:
            raise ValueError(
                f'occlusion[{subset!r}] must be a share in [0, 1], got {checked[subset]}'
            )
    return checked


def mark_occluded(data_list: list[dict], occlusion: Mapping) -> None:
    """Give each image of a proxy benchmark its ``occlusion_seed``, in place.

    Of each subset the images whose name has the lowest hashes are occluded, so neither the order
    of the files nor other images decide how an image is occluded.

    Args:
        data_list: Images with ``is_query`` and ``label_stem``.
        occlusion: ``seed``, and the share of each subset; their number is rounded.
    """
    for subset in ('query', 'gallery'):
        images = [info for info in data_list if info['is_query'] == (subset == 'query')]
        names = [f'{occlusion["seed"]}/{subset}/{info["label_stem"]}' for info in images]
        order = sorted(range(len(images)), key=lambda i: (_hash('choice', names[i]), names[i]))
        chosen = set(order[: round(occlusion[subset] * len(images))])
        for index, info in enumerate(images):
            info['occlusion_seed'] = _hash('occluder', names[index]) if index in chosen else -1


def _hash(purpose: str, name: str) -> int:
    """First 48 bits of SHA-256; Python's own hash of a text differs between processes."""
    return int.from_bytes(hashlib.sha256(f'{purpose}/{name}'.encode()).digest()[:6], 'big')


def find_occlude_person(dataset: BaseDataset) -> int | None:
    """Place of the data set's transform :class:`OccludePerson`, None if it has none."""
    kinds = [isinstance(t, OccludePerson) for t in dataset.pipeline.transforms]
    return kinds.index(True) if True in kinds else None


def occluded_images(dataset: BaseDataset, limit: int | None = None) -> Iterator[dict]:
    """Images of a proxy benchmark as they leave :class:`OccludePerson`.

    Args:
        dataset: A data set with that transform.
        limit: Take the first images only.

    Yields:
        Results of the pipeline up to there: ``img`` ``(H, W, 3)`` uint8 BGR at the file's own
        size, ``occluded_share``, ``occluder``, ``occluder_entry`` and the rest.

    Raises:
        ValueError: The pipeline has no such transform.
    """
    place = find_occlude_person(dataset)
    if place is None:
        raise ValueError('the pipeline has no OccludePerson: this is no proxy benchmark')
    number = len(dataset) if limit is None else min(limit, len(dataset))
    for index in range(number):
        results = dataset.get_data_info(index)
        for transform in dataset.pipeline.transforms[: place + 1]:
            results = transform(results)
        yield results


def hash_images(images: Iterable[dict]) -> str:
    """SHA-256 over the shape and the bytes of every ``img``, in their order."""
    digest = hashlib.sha256()
    for results in images:
        image = np.ascontiguousarray(results['img'])
        digest.update(f'{image.shape}'.encode())
        digest.update(image.tobytes())
    return digest.hexdigest()


def image_checksum(dataset: BaseDataset, limit: int | None = None) -> str:
    """Checksum of a proxy benchmark: :func:`hash_images` of its :func:`occluded_images`.

    Where two machines get the same, every image is equal.  JPEG files may be decoded to slightly
    other pixels by another libjpeg; then the checksums differ.

    Args:
        dataset: A data set with the transform :class:`OccludePerson`.
        limit: Take the first images only.

    Raises:
        ValueError: The pipeline has no such transform.
    """
    return hash_images(occluded_images(dataset, limit))
