"""Label makers whose models see many images at once, while other processes decode the next ones."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import DataLoader, Dataset

from mmdrop.datasets.transforms import LoadImage
from mmdrop.preparation.label_making.base import LabelMaker, NoPerson

_NOBODY = 'no part was found'


class BatchLabelMaker(LabelMaker):
    """Base of the makers that label several images at once.

    Attributes:
        batch_size: Images that the model sees at once.
        prepare_image: From an image ``(H, W, 3)`` uint8 BGR to what the model takes; called in
            other processes, so it is best without the model.
    """

    batch_size = 64
    prepare_image: Callable[[np.ndarray], Any]

    @abstractmethod
    def make_batch(
        self, inputs: Sequence[Any], shapes: Sequence[tuple[int, int]]
    ) -> list[np.ndarray]:
        """Labels of prepared images, each of the height and width of its image.

        A label of background alone says that nobody was found.
        """

    def make(self, image: np.ndarray, stem: str) -> np.ndarray:
        (label,) = self.make_batch([self.prepare_image(image)], [image.shape[:2]])
        if not label.any():
            raise NoPerson(_NOBODY)
        return label


class _Prepared(NamedTuple):
    """An image for the model, or why there is none."""

    inputs: Any
    shape: tuple[int, int]
    kind: str = ''
    reason: str = ''


class _Images(Dataset):
    def __init__(self, paths: Sequence[str | Path], prepare: Callable[[np.ndarray], Any]):
        self.paths = [str(path) for path in paths]
        self.prepare = prepare

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> _Prepared:
        path = self.paths[index]
        try:
            image = LoadImage()({'img_path': path})['img']
            return _Prepared(self.prepare(image), image.shape[:2])
        except OSError as error:
            return _Prepared(None, (1, 1), 'failed', str(error).partition('; replace')[0])
        except Exception as error:  # whatever a transform may raise
            return _Prepared(None, (1, 1), 'broken', f'{path}: {type(error).__name__}: {error}')


def label_batches(
    paths: Sequence[str | Path], maker: BatchLabelMaker, processes: int | None = None
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Label images in batches, in their order.

    Args:
        paths: Image files.
        maker: Makes the labels, in this process.
        processes: Number of processes that decode; half of the cores if left out.

    Yields:
        ``'made'``, ``'nobody'``, ``'failed'`` or ``'broken'``, why, and the label, which is
        background where nothing was made.
    """
    if processes is None:
        processes = (os.cpu_count() or 1) // 2
    loader = DataLoader(
        _Images(paths, maker.prepare_image),
        batch_size=maker.batch_size,
        num_workers=0 if len(paths) <= maker.batch_size else processes,
        collate_fn=list,
    )
    start = 0
    for batch in loader:
        yield from _label_batch(batch, paths[start : start + len(batch)], maker)
        start += len(batch)


def _label_batch(
    batch: Sequence[_Prepared], paths: Sequence[str | Path], maker: BatchLabelMaker
) -> Iterator[tuple[str, str, np.ndarray]]:
    ready = [item for item in batch if not item.kind]
    error: Exception | None = None
    labels: Iterator[np.ndarray] = iter(())
    try:
        if ready:
            labels = iter(
                maker.make_batch([item.inputs for item in ready], [item.shape for item in ready])
            )
    except Exception as caught:  # whatever a model may raise
        error = caught
    for item, path in zip(batch, paths, strict=True):
        if item.kind:
            yield item.kind, item.reason, maker.background(item.shape)
        elif error is not None:
            reason = f'{path}: {type(error).__name__}: {error}'
            yield 'broken', reason, maker.background(item.shape)
        elif (label := next(labels)).any():
            yield 'made', '', label
        else:
            yield 'nobody', f'{path}: {_NOBODY}', label
