"""A slow evaluation of ReID scores, to check the fast one against.

One query at a time in float64: every gallery image is sorted and a loop walks down the ranks. It is
written from the protocol in ``docs/evaluation.md`` and reads nothing of ``mmdrop.functional``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

JUNK_PID = -1
NO_CAMERA = -1
ALWAYS_VISIBLE = ('global', 'foreground')


class Side(NamedTuple):
    """Queries or gallery, as the slow evaluation reads them."""

    embeddings: list[np.ndarray]  # E × (N, C), float64, of length 1
    visibility: np.ndarray  # (N, E), bool
    pids: list[int]
    camids: list[int]


def unit_vectors(embeddings: np.ndarray) -> list[np.ndarray]:
    """Embeddings ``(N, E, C)`` in float64 and of length 1, one array ``(N, C)`` each."""
    units = []
    for e in range(embeddings.shape[1]):
        vectors = embeddings[:, e].astype(np.float64)
        length = np.sqrt((vectors**2).sum(1, keepdims=True))
        units.append(vectors / np.maximum(length, 1e-12))
    return units


def euclidean(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Distances of one unit vector ``(C,)`` from many ``(N, C)``: |a − b|² = 2 − 2ab."""
    products = np.einsum('nc,c->n', gallery, query)  # a row's sum does not depend on its place
    return np.sqrt(np.maximum(2 - 2 * products, 0))


def mean_of_shared(
    distances: Sequence[np.ndarray], query_visible: np.ndarray, gallery_visible: np.ndarray
) -> np.ndarray:
    """Distance of each gallery image: the mean over the embeddings that both images show.

    Args:
        distances: Of each of E embeddings, E × ``(N,)``.
        query_visible: bool, ``(E,)``.
        gallery_visible: bool, ``(N, E)``.

    Returns:
        ``(N,)``; infinity where nothing is shared.
    """
    total, count = np.zeros(len(gallery_visible)), np.zeros(len(gallery_visible))
    for e, distance in enumerate(distances):
        shared = gallery_visible[:, e] & query_visible[e]
        total[shared] += distance[shared]
        count[shared] += 1
    mean = np.full(len(gallery_visible), np.inf)
    mean[count > 0] = total[count > 0] / count[count > 0]
    return mean


def with_means(
    distances: Sequence[np.ndarray], query_visible: np.ndarray, gallery_visible: np.ndarray
) -> np.ndarray:
    """As :func:`mean_of_shared`, but over all embeddings that the query shows.

    One that a gallery image hides counts with the mean distance to the images that show it.
    """
    rows = []
    for e, distance in enumerate(distances):
        shown = gallery_visible[:, e]
        if query_visible[e] and shown.any():
            rows.append(np.where(shown, distance, distance[shown].mean()))
    return np.mean(rows, axis=0) if rows else np.full(len(gallery_visible), np.inf)


def match_positions(
    distances: np.ndarray, pid: int, camid: int, pids: Sequence[int], camids: Sequence[int]
) -> list[int]:
    """Ranks, from 1 on, of the right matches of one query in the gallery without its junk."""
    positions = []
    position = 0
    for j in np.argsort(distances, kind='stable').tolist():
        same_camera = camid != NO_CAMERA and camids[j] == camid
        if pids[j] == JUNK_PID or (pids[j] == pid and same_camera):
            continue
        position += 1
        if pids[j] == pid:
            positions.append(position)
    return positions


def average_precision(positions: Sequence[int]) -> float:
    """Mean over the right matches of the share of right matches down to each."""
    return sum((n + 1) / position for n, position in enumerate(positions)) / len(positions)


def figures_in_percent(all_positions: list[list[int]], topk: Sequence[int]) -> dict[str, float]:
    """Figures of all queries out of their match positions; a query without a match is left out."""
    counted = [positions for positions in all_positions if positions]
    sums = {'mAP': 0.0, 'mINP': 0.0} | {f'Rank-{k}': 0.0 for k in topk}
    for positions in counted:
        sums['mAP'] += average_precision(positions)
        sums['mINP'] += len(positions) / positions[-1]
        for k in topk:
            sums[f'Rank-{k}'] += positions[0] <= k
    return {name: 100 * total / len(counted) for name, total in sums.items()}


def slow_positions(
    query: Side, gallery: Side, sets: Sequence[tuple[int, ...]], i: int, hidden: str = 'skip'
) -> dict[tuple[int, ...], tuple[np.ndarray, list[int]]]:
    """Distances ``(G,)`` and match positions of query ``i`` under each set of embeddings."""
    needed = sorted({e for columns in sets for e in columns})
    alone = {e: euclidean(query.embeddings[e][i], gallery.embeddings[e]) for e in needed}
    average = {'skip': mean_of_shared, 'mean': with_means}[hidden]
    visible = gallery.visibility & (np.array(gallery.pids) != JUNK_PID)[:, None]
    results = {}
    for columns in sets:
        index = list(columns)
        distances = average(
            [alone[e] for e in columns], query.visibility[i, index], visible[:, index]
        )
        positions = match_positions(
            distances, query.pids[i], query.camids[i], gallery.pids, gallery.camids
        )
        results[columns] = distances, positions
    return results


def make_side(samples: Sequence[dict]) -> Side:
    """Arrays of the slow evaluation; global and foreground count as visible in every image."""
    names = samples[0]['embedding_names']
    visibility = torch.stack([sample['visibility'] for sample in samples]).numpy().copy()
    visibility[:, [name in ALWAYS_VISIBLE for name in names]] = True
    return Side(
        unit_vectors(torch.stack([sample['embeddings'] for sample in samples]).numpy()),
        visibility,
        [int(sample['pid']) for sample in samples],
        [int(sample['camid']) for sample in samples],
    )
