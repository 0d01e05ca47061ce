"""Nearest flat codes by FAISS, exactly in spite of hidden parts."""

from typing import Any

import numpy as np
from torch import Tensor

from mmdrop.functional import to_flat
from mmdrop.utils import import_extra

_CHUNK = 2**16  # images whose codes are made at once


class FaissEngine:
    """One FAISS index for each pattern of visibility that the gallery has.

    Within a pattern every image shares the same number n of embeddings with a query, so the order
    of the inner products is that of the mean squared distances, 2 − 2 (f_q·f_g) / n; the nearest
    of each pattern, merged by it, are the nearest of all.  With the index ``'Flat'`` that is
    exact; other indexes of FAISS find most of them in less time.

    Args:
        index: As ``faiss.index_factory`` reads it: ``'Flat'``, ``'HNSW32'``, ``'IVF1024,Flat'``,
            ``'SQfp16'`` ….
        smallest: A pattern of fewer images has a ``'Flat'`` index.

    Raises:
        ModuleNotFoundError: FAISS is not installed.
    """

    def __init__(self, index: str = 'Flat', smallest: int = 10_000):
        self._faiss = import_extra('faiss', 'mmdrop[faiss]')
        self.index, self.smallest = index, smallest
        self._parts: dict[bytes, tuple[np.ndarray, np.ndarray, Any]] = {}

    @property
    def num_patterns(self) -> int:
        """Number of patterns of visibility in the gallery."""
        return len(self._parts)

    def build(self, embeddings: Tensor, visibility: Tensor) -> None:
        """Index a gallery anew.

        Args:
            embeddings: Those that are compared, ``(N, E, C)``.
            visibility: Bool ``(N, E)``.
        """
        self._parts = {}
        self.add(embeddings, visibility, 0)

    def add(self, embeddings: Tensor, visibility: Tensor, first: int) -> None:
        """Index more images; arguments as :meth:`build`, and the row of the first of them."""
        patterns, place = np.unique(visibility.numpy(), axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(place.reshape(-1) == number)
            key = pattern.tobytes()
            if key in self._parts:
                _, known, index = self._parts[key]
            else:
                known = np.empty(0, np.int64)
                index = self._make(len(rows), embeddings.shape[1] * embeddings.shape[2])
            for chunk in np.array_split(rows, max(1, len(rows) // _CHUNK)):
                codes = to_flat(embeddings[chunk], visibility[chunk]).numpy()
                if not index.is_trained:
                    index.train(codes)
                index.add(codes)
            self._parts[key] = (pattern, np.concatenate([known, first + rows]), index)

    def nearest(self, code: np.ndarray, visible: np.ndarray, number: int) -> np.ndarray:
        """Rows of the gallery, nearest first by the mean squared distance; all share something.

        Args:
            code: Flat code of the query, ``(E·C,)``; zeros where it is hidden or not asked for.
            visible: Where it is not, bool ``(E,)``.
            number: How many rows.
        """
        distances: list[np.ndarray] = []
        found: list[np.ndarray] = []
        for pattern, rows, index in self._parts.values():
            shared = int((pattern & visible).sum())
            if not shared:
                continue
            products, places = index.search(code[None].astype(np.float32), min(number, len(rows)))
            kept = places[0] >= 0
            distances.append(2 - 2 * products[0][kept] / shared)
            found.append(rows[places[0][kept]])
        if not found:
            return np.empty(0, np.int64)
        order = np.lexsort((np.concatenate(found), np.concatenate(distances)))
        return np.concatenate(found)[order][:number]

    def _make(self, number: int, width: int) -> Any:
        kind = self.index if number >= self.smallest else 'Flat'
        return self._faiss.index_factory(width, kind, self._faiss.METRIC_INNER_PRODUCT)
