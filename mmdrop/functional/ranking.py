"""Single-query ranking of a gallery: mAP, mINP and CMC, exact and streamed.

The protocol is that of Market-1501. For each query, gallery images with its pid and its camid are
junk: they are skipped and take no rank. A camid of −1 means "no camera" and makes nothing junk;
query and gallery are disjoint sets, so no image meets itself. Gallery images with pid −1 are
dropped. Distractors (pid 0 in Market-1501) need no rule: they take ranks, and no query has their
pid. A query without a match (pid −1 included) is ignored. Ties, infinite distances among them, are
ranked by gallery index.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from .distance import Hidden, check_inputs, part_distance

# Distances held at once, 64 MiB; ranks are counted for fewer rows at a time, within the cache.
_CHUNK_PAIRS = 2**24
_COUNT_PAIRS = 2**20
Labels = Tensor | Sequence[int]
_LAST = torch.iinfo(torch.int64).max  # rank key of a gallery image that takes no rank


def evaluate_ranking(
    query: Tensor,
    gallery: Tensor,
    query_pids: Labels,
    gallery_pids: Labels,
    query_camids: Labels,
    gallery_camids: Labels,
    query_visibility: Tensor | None = None,
    gallery_visibility: Tensor | None = None,
    topk: int | Sequence[int] = (1, 5, 10),
    chunk_size: int | None = None,
    hidden: Hidden = 'skip',
    squared: bool = False,
    distances: Callable[[Tensor], Tensor] | None = None,
) -> dict[str, float]:
    """Rank the gallery for every query by :func:`part_distance` and score the rankings.

    Rows are not sorted: only the distances of a query's matches are, and the gallery is counted
    into the gaps between them. Memory does not grow with the number of queries.

    Args:
        query: Embeddings, ``(Q, E, C)``.
        gallery: Embeddings, ``(G, E, C)``.
        query_pids: Identities, ``(Q,)``.
        gallery_pids: Identities, ``(G,)``.
        query_camids: Cameras, ``(Q,)``.
        gallery_camids: Cameras, ``(G,)``.
        query_visibility: Boolean or graded, ``(Q, E)``.
        gallery_visibility: Boolean or graded, ``(G, E)``.
        topk: Ranks of the CMC curve to report; one larger than the gallery is allowed.
        chunk_size: Queries compared at once; chosen by the size of the gallery if left out.
        hidden: What embeddings count that a gallery image hides, see :func:`part_distance`. The
            mean of ``'mean'`` leaves dropped images out and includes a query's junk.
        squared: Rank by the mean of squared distances, see :func:`part_distance`.
        distances: Called with indices of queries ``(n,)``, gives other distances than those of
            :func:`part_distance`, float32 ``(n, G)`` and not negative; see
            :class:`KReciprocalReranking`.

    Returns:
        ``'mAP'``, ``'mINP'`` and ``'Rank-k'`` for each k, in percent.

    Raises:
        TypeError: Embeddings or visibility are no tensor, or labels are no whole numbers.
        ValueError: Shapes do not fit, query or gallery is empty, or no query has a match.
    """
    check_inputs(query, gallery, query_visibility, gallery_visibility)
    topk = (topk,) if isinstance(topk, int) else tuple(topk)
    if any(k < 1 for k in topk):
        raise ValueError(f'topk must hold ranks from 1 on, got {topk}')
    protocol = Protocol(query, gallery, query_pids, gallery_pids, query_camids, gallery_camids)
    gallery_visibility = protocol.without_dropped(gallery, gallery_visibility)
    chunks = protocol.chunks(chunk_size)
    if distances is None:
        # One buffer for all: fresh pages cost the system more time than the counting.
        buffer = torch.empty(len(chunks[0]), len(gallery), device=query.device)
    average_precision, inverse_precision, first = [], [], []
    for chunk in chunks:
        index, match, junk = protocol.same_pid(chunk)
        scored = match.any(1)
        rows = chunk[scored]
        if not len(rows):
            continue
        if distances is not None:
            distance = distances(rows)
        else:
            visible = None if query_visibility is None else query_visibility[rows]
            out = buffer[: len(rows)]
            distance = part_distance(
                query[rows], gallery, visible, gallery_visibility, out, hidden, squared
            )
        rank, is_rank = protocol.match_ranks(distance, index[scored], match[scored], junk[scored])
        num_matches = is_rank.sum(1)
        found = torch.arange(1, rank.shape[1] + 1, device=rank.device, dtype=torch.float64)
        precision = (found / rank).masked_fill(~is_rank, 0)
        average_precision.append(precision.sum(1) / num_matches)
        inverse_precision.append(precision.gather(1, num_matches[:, None] - 1)[:, 0])
        first.append(rank[:, 0])
    if not first:
        raise ValueError(
            'no query has a match: the gallery holds none of their pids under another camid'
        )
    scores = {'mAP': torch.cat(average_precision), 'mINP': torch.cat(inverse_precision)}
    scores |= {f'Rank-{k}': (torch.cat(first) <= k).double() for k in topk}
    return {name: 100 * score.mean().item() for name, score in scores.items()}


def rank_gallery(
    query: Tensor,
    gallery: Tensor,
    query_pids: Labels | None = None,
    gallery_pids: Labels | None = None,
    query_camids: Labels | None = None,
    gallery_camids: Labels | None = None,
    query_visibility: Tensor | None = None,
    gallery_visibility: Tensor | None = None,
    k: int = 10,
    hidden: Hidden = 'skip',
    squared: bool = False,
) -> tuple[Tensor, Tensor]:
    """The first k gallery images of each query, without junk.

    Arguments as :func:`evaluate_ranking`; without pids and camids nothing is junk or dropped.

    Returns:
        Gallery indices and distances, both ``(Q, min(k, G))``. Where a query has fewer images
        left, the index is −1 and the distance infinite.

    Raises:
        TypeError: As :func:`evaluate_ranking`.
        ValueError: As :func:`evaluate_ranking`.
    """
    check_inputs(query, gallery, query_visibility, gallery_visibility)
    if k < 1:
        raise ValueError(f'k must be at least 1, got {k}')
    labels = [x for x in (query_pids, gallery_pids, query_camids, gallery_camids) if x is not None]
    if not labels:  # queries without pid meet a gallery with one: nothing can be junk
        labels = [[-1] * len(query), [0] * len(gallery), [-1] * len(query), [-1] * len(gallery)]
    if len(labels) != 4:
        raise ValueError('give pids and camids of query and gallery, or none of them')
    protocol = Protocol(query, gallery, *labels)
    gallery_visibility = protocol.without_dropped(gallery, gallery_visibility)
    keys = []
    for rows in protocol.chunks(None):
        index, _, junk = protocol.same_pid(rows)
        visible = None if query_visibility is None else query_visibility[rows]
        distance = part_distance(
            query[rows], gallery, visible, gallery_visibility, hidden=hidden, squared=squared
        )
        for parts in protocol.split(distance, index, junk):
            key = protocol.rank_keys(*parts)
            keys.append(key.topk(min(k, len(gallery)), largest=False).values)
    key = torch.cat(keys)
    missing = key == _LAST
    distance = (key >> 32).int().view(torch.float32).masked_fill(missing, torch.inf)
    return (key & (2**32 - 1)).masked_fill(missing, -1), distance


def count_protocol(
    query_pids: Labels, gallery_pids: Labels, query_camids: Labels, gallery_camids: Labels
) -> dict[str, int]:
    """What the protocol makes of a test set.

    Returns:
        Number of ``'queries'``, of these ``'ignored_queries'`` (no match), ``'gallery'`` images,
        of these ``'dropped'`` (pid −1), gallery ``'identities'``, and ``'junk'`` pairs.
    """
    none = torch.empty(len(query_pids), 0), torch.empty(len(gallery_pids), 0)
    protocol = Protocol(*none, query_pids, gallery_pids, query_camids, gallery_camids)
    same_pid = [protocol.same_pid(rows) for rows in protocol.chunks(None)]
    return {
        'queries': len(query_pids),
        'ignored_queries': sum(int((~match.any(1)).sum()) for _, match, _ in same_pid),
        'gallery': len(gallery_pids),
        'dropped': int(protocol.dropped.sum()),
        'identities': len(protocol.gallery_pids[~protocol.dropped].unique()),
        'junk': sum(int(junk.sum()) for *_, junk in same_pid),
    }


class Protocol:
    """Labels of a test set, and which gallery images match or are junk for which query."""

    def __init__(
        self,
        query: Tensor,
        gallery: Tensor,
        query_pids: Labels,
        gallery_pids: Labels,
        query_camids: Labels,
        gallery_camids: Labels,
    ):
        self.device = query.device
        self.query_pids = self._labels(query_pids, query, 'query', 'pids')
        self.gallery_pids = self._labels(gallery_pids, gallery, 'gallery', 'pids')
        self.query_camids = self._labels(query_camids, query, 'query', 'camids')
        self.gallery_camids = self._labels(gallery_camids, gallery, 'gallery', 'camids')
        self.dropped = self.gallery_pids == -1
        self.sorted_pids, self.order = self.gallery_pids.sort(stable=True)

    def _labels(self, labels: Labels, embeddings: Tensor, side: str, name: str) -> Tensor:
        expected = (len(embeddings),)
        if expected == (0,):
            raise ValueError(f'the {side} is empty')
        try:
            found = torch.as_tensor(labels, device=self.device)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(
                f'{side}_{name} must be whole numbers, got {labels!r:.80}: number them, such as by '
                'their position in a sorted list'
            ) from error
        if found.shape != expected:
            raise ValueError(f'{side}_{name} must be {expected}, got {tuple(found.shape)}')
        if found.is_floating_point() or found.is_complex() or found.dtype == torch.bool:
            raise TypeError(f'{side}_{name} must be whole numbers, got {found.dtype}')
        return found.long()

    def without_dropped(self, gallery: Tensor, visibility: Tensor | None) -> Tensor | None:
        """Visibility under which dropped images show nothing, so that no mean holds them."""
        if not self.dropped.any():
            return visibility
        if visibility is None:
            visibility = torch.ones(gallery.shape[:2], dtype=torch.bool, device=self.device)
        return visibility.to(self.device).masked_fill(self.dropped[:, None], 0)

    def chunks(self, size: int | None) -> tuple[Tensor, ...]:
        """Query indices, ``size`` at a time or as many as fit the budget of distances."""
        if size is not None and size < 1:
            raise ValueError(f'chunk_size must be at least 1, got {size}')
        size = size or max(1, _CHUNK_PAIRS // len(self.gallery_pids))
        return torch.arange(len(self.query_pids), device=self.device).split(size)

    def same_pid(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gallery indices with the pid of the queries, and which are matches, which junk.

        All three are ``(len(rows), R)``, R the largest number of such images; an entry that is
        neither match nor junk is padding.
        """
        pids = self.query_pids[rows]
        start = torch.searchsorted(self.sorted_pids, pids)
        count = torch.searchsorted(self.sorted_pids, pids, right=True) - start
        count[pids == -1] = 0
        offset = torch.arange(int(count.max()), device=self.device)
        index = self.order[(start[:, None] + offset).clamp(max=len(self.order) - 1)]
        filled = offset < count[:, None]
        camids = self.query_camids[rows, None]
        junk = filled & (camids == self.gallery_camids[index]) & (camids != -1)
        return index, filled & ~junk, junk

    def rank_keys(self, distance: Tensor, index: Tensor, junk: Tensor) -> Tensor:
        """Integers ``(Q, G)`` that sort as (distance, gallery index); what takes no rank is last.

        The bits of non-negative floats, infinity included, sort as the floats do.
        """
        position = torch.arange(distance.shape[1], device=self.device)
        keys = torch.add(position, distance.view(torch.int32), alpha=2**32)
        keys[:, self.dropped] = _LAST
        row, column = junk.nonzero(as_tuple=True)
        keys[row, index[row, column]] = _LAST
        return keys

    def match_ranks(
        self, distance: Tensor, index: Tensor, match: Tensor, junk: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Ranks, from 1 on and ascending, of each query's matches ``(Q, R)``, and which are real.

        Entries behind the last match of a query are padding.
        """
        num_slots, ranks = index.shape[1], []
        for parts in self.split(distance, index, junk, match):
            keys = self.rank_keys(*parts[:3])
            match_keys = keys.gather(1, parts[1]).masked_fill_(~parts[3], _LAST).sort(1)[0]
            # A gallery image counts for the match that follows it and for all later ones.
            slot = torch.searchsorted(match_keys, keys, out_int32=True)
            row = torch.arange(len(slot), device=self.device, dtype=torch.int32)
            slot += row[:, None] * (num_slots + 1)
            counts = slot.flatten().bincount(minlength=len(slot) * (num_slots + 1))
            ranks.append(counts.view(len(slot), -1)[:, :-1].cumsum(1))
        is_rank = torch.arange(num_slots, device=self.device) < match.sum(1, keepdim=True)
        return torch.cat(ranks), is_rank

    def split(self, *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
        """The same few rows of all tensors at a time, so that their rank keys fit the cache."""
        size = max(1, _COUNT_PAIRS // len(self.order))
        return zip(*(tensor.split(size) for tensor in tensors), strict=True)
