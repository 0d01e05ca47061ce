"""From images to embeddings, batch by batch."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.logging import print_log
from torch import Tensor

from mmdrop.apis.boxes import crop
from mmdrop.apis.images import Image, decode
from mmdrop.apis.reading import read_ahead
from mmdrop.structures import ReIDDataSample


class Person(NamedTuple):
    """A person in an image, read and prepared, or why not.

    Attributes:
        name: Of the image, with the number of the box if there is one.
        packed: What the pipeline made of it; None if it could not be read.
        reason: Why not.
        box: Of the person in the image, ``(4,)``; None for an image of one person.
        digest: Of the pixels that the network sees.
    """

    name: str
    packed: dict[str, Any] | None
    reason: str = ''
    box: np.ndarray | None = None
    digest: str = ''


class Piece(NamedTuple):
    """A batch behind the network.

    Attributes:
        fields: Of an ``EmbeddingSet``; empty if no image of the batch could be read.
        rows: Places of its rows among the people given, those that could not be read counted.
        failed: From the name of an image that could not be read to the reason.
    """

    fields: dict[str, Any]
    rows: list[int]
    failed: dict[str, str]


class Reader:
    """Read the people of an image with a config's pipeline.

    Args:
        file_pipeline: Transforms of an image file.
        array_pipeline: Those of a decoded image, the last ones of ``file_pipeline``.
    """

    def __init__(self, file_pipeline: Compose, array_pipeline: Compose):
        self.file_pipeline, self.array_pipeline = file_pipeline, array_pipeline
        number = len(file_pipeline.transforms) - len(array_pipeline.transforms)
        self.load = Compose(file_pipeline.transforms[:number])

    def __call__(self, image: Image) -> list[Person]:
        """Read every person in an image; what cannot be read says why."""
        try:
            if image.boxes is None:
                packed = self.pack(image)
                return [Person(image.name, packed, digest=_digest(packed))]
            pixels = self._pixels(image)
        except OSError as error:  # one bad file must not lose all others
            return [Person(name, None, str(error)) for name in image.people]
        people = []
        for name, box in zip(image.people, image.boxes, strict=True):
            try:
                packed = self._pack_array(crop(pixels, box, name), name)
                people.append(Person(name, packed, box=box, digest=_digest(packed)))
            except OSError as error:
                people.append(Person(name, None, str(error), box))
        return people

    def pack(self, image: Image) -> dict[str, Any]:
        """The image of one person, as the network takes it.

        Raises:
            OSError: It cannot be read.
        """
        if isinstance(image.source, str):
            return _checked(self.file_pipeline(dict(img_path=image.source)), image.name)
        return self._pack_array(decode(image.source, image.name), image.name)

    def _pixels(self, image: Image) -> np.ndarray:
        if isinstance(image.source, str):
            return _checked(self.load(dict(img_path=image.source)), image.name)['img']
        return decode(image.source, image.name)

    def _pack_array(self, pixels: np.ndarray, name: str) -> dict[str, Any]:
        shape = pixels.shape[:2]
        results = dict(img=pixels, img_path=name, img_shape=shape, ori_shape=shape)
        return self.array_pipeline(results)


def _digest(packed: Mapping) -> str:
    pixels = packed['inputs']
    text = f'{tuple(pixels.shape)}'.encode()
    return hashlib.sha256(text + pixels.contiguous().numpy().tobytes()).hexdigest()[:24]


def _checked(results: dict | None, name: str) -> dict:
    if results is None:  # as mmcv's own loader gives where it is told to ignore such files
        raise OSError(f'{name} cannot be decoded')
    return results


def embed_images(
    images: Iterable[Image],
    reader: Reader,
    predict: Callable[[Mapping], Sequence[ReIDDataSample]],
    batch_size: int,
    workers: int,
    parsing: bool = True,
) -> Iterator[Piece]:
    """Embed images, a batch after another; memory does not grow with their number.

    Args:
        images: Taken as they are needed.
        reader: Reads them, in threads.
        predict: The network: a batch as a data loader gives it, to its data samples.
        batch_size: People that the network sees at once.
        workers: Threads that read beside the network; 0 for none.
        parsing: Keep the predicted parts.
    """
    batch: list[tuple[int, Person]] = []
    row = 0
    # Two batches are read while one is in the network.
    for people in read_ahead(reader, images, workers, 2 * batch_size):
        for person in people:
            batch.append((row, person))
            row += 1
            if len(batch) == batch_size:
                yield _embed(batch, predict, parsing)
                batch = []
    if batch:
        yield _embed(batch, predict, parsing)


def _embed(
    batch: Sequence[tuple[int, Person]],
    predict: Callable[[Mapping], Sequence[ReIDDataSample]],
    parsing: bool,
) -> Piece:
    failed = {person.name: person.reason for _, person in batch if person.packed is None}
    read = [(row, person) for row, person in batch if person.packed is not None]
    if not read:
        return Piece({}, [], failed)
    packed = [person.packed for _, person in read if person.packed is not None]
    inputs = {key: [item[key] for item in packed] for key in ('inputs', 'data_samples')}
    with torch.no_grad():
        samples = [sample.cpu() for sample in predict(inputs)]
    fields: dict[str, Any] = dict(
        names=[person.name for _, person in read],
        embedding_names=tuple(samples[0].embedding_names),
        digests=tuple(person.digest for _, person in read),
        boxes=_boxes([person.box for _, person in read]),
        **stack_samples(samples, parsing),
    )
    return Piece(fields, [row for row, _ in read], failed)


def stack_samples(samples: Sequence[ReIDDataSample], parsing: bool = True) -> dict[str, Tensor]:
    """Tensors of an ``EmbeddingSet`` from data samples of a network."""
    fields = {
        'embeddings': torch.stack([sample.embeddings for sample in samples]).float(),
        'visibility': torch.stack([sample.visibility for sample in samples]),
    }
    optional = [('visibility_score', 'visibility_score')]
    optional += [('parsing', 'pred_sem_seg')] if parsing else []
    for key, name in optional:
        if name in samples[0]:
            fields[key] = torch.stack([sample.get(name) for sample in samples])
    return fields


def _boxes(boxes: Sequence[np.ndarray | None]) -> Tensor:
    """Boxes ``(N, 4)``, NaN where an image has none."""
    none = np.full(4, np.nan)
    return torch.tensor(np.stack([none if box is None else box for box in boxes])).float()


def report_failed(failed: Mapping[str, str], number: int) -> None:
    """Warn of images that cannot be read, beside a number of others.

    Raises:
        OSError: There are no others.
    """
    if not failed:
        return
    reason = next(iter(failed.values()))
    total = number + len(failed)
    if not number:
        raise OSError(f'none of {total} images can be read; the first: ' * (total > 1) + reason)
    message = f"{len(failed)} of {total} images cannot be read, see result['failed']; the first: "
    print_log(message + reason, 'current', logging.WARNING)
