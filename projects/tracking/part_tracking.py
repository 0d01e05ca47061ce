"""Appearance of people for trackers: what a detector's boxes show, and what a track remembers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import normalize

from mmdrop.apis import ReIDInferencer
from mmdrop.functional import part_distance, to_flat


class Appearance(NamedTuple):
    """What N boxes show.

    Attributes:
        embeddings: Unit vectors, float32 ``(N, E, C)``.
        visibility: Which of them are seen, bool ``(N, E)``.
    """

    embeddings: np.ndarray
    visibility: np.ndarray


class BoxEmbedder:
    """Embed the boxes of a frame, as a tracker asks for it.

    Args:
        model: Name of a model of the zoo, a model file, or an inferencer.
        device: As of ``ReIDInferencer``.
    """

    def __init__(self, model: str | ReIDInferencer = 'drop_lite0', device: str | None = None):
        known = isinstance(model, ReIDInferencer)
        self.inferencer = model if known else ReIDInferencer(model, device=device)
        blank = self.inferencer.blank
        self.names = blank.names_of(self.inferencer.matching.embeddings)
        self.channels = blank.embeddings.shape[2]

    def embed_parts(self, image: np.ndarray, boxes: Sequence[Sequence[float]]) -> Appearance:
        """Embeddings and visibility of each box; a box that shows nothing sees nothing.

        Args:
            image: BGR uint8 ``(H, W, 3)``.
            boxes: x1, y1, x2, y2 in pixels, ``(N, 4)``.
        """
        fitted = fit_boxes(boxes, image.shape[:2])
        embedded = self.inferencer.embed((image, fitted), parsing=False)
        values, visible = embedded.select(self.names)
        return Appearance(normalize(values, dim=2).numpy(), visible.numpy())

    def embed_boxes(self, image: np.ndarray, boxes: Sequence[Sequence[float]]) -> np.ndarray:
        """One unit vector for each box, ``(N, D)`` float32: finite, and never zero.

        It is the flat code, of length 1: the cosine of two is that of what both show, smaller by
        what only one shows.  Arguments as :meth:`embed_parts`.
        """
        found = self.embed_parts(image, boxes)
        codes = to_flat(torch.from_numpy(found.embeddings), torch.from_numpy(found.visibility))
        return normalize(codes, dim=1).numpy()


def fit_boxes(boxes: Sequence[Sequence[float]], size: tuple[int, int]) -> np.ndarray:
    """Boxes that hold a pixel of the image each, ``(N, 4)``; others move to the nearest one.

    Args:
        boxes: x1, y1, x2, y2, corners in any order; what is no number counts as 0.
        size: Height and width of the image.
    """
    array = np.nan_to_num(np.asarray(boxes, np.float64).reshape(-1, 4), posinf=1e9, neginf=-1e9)
    height, width = size
    limit = np.array([width, height])
    low = np.minimum(array[:, :2], array[:, 2:]).clip(0, limit - 1)
    high = np.maximum(array[:, :2], array[:, 2:]).clip(low + 1, limit)
    return np.concatenate([low, np.maximum(high, low + 1)], 1)


class TrackMemory:
    """Appearance of tracks: each part is remembered from where it was seen.

    Args:
        momentum: Share of what is remembered when a part is seen again.
    """

    def __init__(self, momentum: float = 0.9):
        if not 0 <= momentum < 1:
            raise ValueError(f'momentum must be in [0, 1), got {momentum}')
        self.momentum = momentum
        self._known: dict[int, Appearance] = {}

    def __contains__(self, track: int) -> bool:
        return track in self._known

    def update(self, track: int, seen: Appearance) -> None:
        """Remember what a box of a track shows; parts that it hides stay as they were.

        Args:
            track: Its number.
            seen: One box, ``(1, E, C)``.
        """
        new, shown = seen.embeddings[0], seen.visibility[0]
        if track not in self._known:
            self._known[track] = Appearance(new * shown[:, None], shown.copy())
            return
        old, known = self._known[track]
        both = (shown & known)[:, None]
        mixed = np.where(both, self.momentum * old + (1 - self.momentum) * new, new)
        value = np.where(shown[:, None], _unit(mixed), old)
        self._known[track] = Appearance(value, known | shown)

    def distances(self, tracks: Iterable[int], seen: Appearance) -> np.ndarray:
        """Mean distance over the parts that track and box both know, ``(tracks, N)`` in [0, 2].

        Infinite where they share none: nothing is known, not that they differ.
        """
        known = [self._known[track] for track in tracks]
        if not known or not len(seen.embeddings):
            return np.empty((len(known), len(seen.embeddings)), np.float32)
        values, visible = (torch.from_numpy(np.stack(x)) for x in zip(*known, strict=True))
        boxes, shown = map(torch.from_numpy, seen)
        return part_distance(values, boxes, visible, shown).numpy()

    def forget(self, tracks: Iterable[int]) -> None:
        """Forget tracks that have ended."""
        for track in tracks:
            self._known.pop(track, None)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length == 0, 1, length)
