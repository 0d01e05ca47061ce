"""k-reciprocal re-ranking, with memory that does not grow with the square of the images."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .distance import check_inputs, part_distance

# Distances held at once, 16 MiB and ten times that in sorting them; and pairs of sparse entries.
_CHUNK_PAIRS = 2**22
_CHUNK_ENTRIES = 2**22
_CHUNK_EMBEDDINGS = 256  # pairs of images whose embeddings are copied at once


class KReciprocalReranking:
    r"""Distances of a query set to its gallery, re-ranked by k-reciprocal encoding.

    "Re-ranking person re-identification with k-reciprocal encoding", Zhong et al., CVPR 2017, on
    the distance of :func:`part_distance`, squared as in the authors' code. Query and gallery are
    ranked together, N images. Each image i gets the set of its k1-reciprocal neighbours, enlarged
    by those of its neighbours, and over this set a vector of the weights
    :math:`e^{-d_{ij}}`, with d divided by its largest value in row i; the vectors of the first k2
    neighbours are averaged. The Jaccard distance of two vectors is mixed with the former one:

    .. math:: d^* = (1 - λ) d_J + λ d

    Only neighbour lists and sparse vectors are kept, of O(N · k1²) numbers; the distances are
    computed in chunks. Pairs without a shared part are never neighbours and stay infinitely far
    apart. Junk takes part, as in the authors' code; it is skipped where the ranking is scored.

    Args:
        query: Embeddings, ``(Q, E, C)``.
        gallery: Embeddings, ``(G, E, C)``.
        query_visibility: Boolean or graded, ``(Q, E)``; all visible if left out.
        gallery_visibility: Boolean or graded, ``(G, E)``.
        k1: Neighbours of the reciprocal sets.
        k2: Neighbours that a vector is averaged over, the image itself among them; 1 for none.
        weight: Share λ of the former distance.

    Raises:
        ValueError: The shapes do not fit, or a parameter is out of range.
    """

    @torch.no_grad()
    def __init__(
        self,
        query: Tensor,
        gallery: Tensor,
        query_visibility: Tensor | None = None,
        gallery_visibility: Tensor | None = None,
        k1: int = 20,
        k2: int = 6,
        weight: float = 0.3,
    ) -> None:
        check_inputs(query, gallery, query_visibility, gallery_visibility)
        check_reranking(k1, k2, weight)
        self.num_queries, self.weight = len(query), weight
        self.embeddings = torch.cat([query, gallery])
        visibility = [
            torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if v is None else v
            for x, v in ((query, query_visibility), (gallery, gallery_visibility))
        ]
        self.visibility = torch.cat(visibility)

        self.neighbours = self._find_neighbours(max(k1 + 1, k2))
        members, is_member = self._reciprocal_sets(k1)
        rows, columns, values = self._encode(members, is_member)
        if k2 > 1:
            rows, columns, values = self._average(rows, columns, values, k2)
        self.rows = _group(rows, columns, values, len(self.embeddings))
        in_gallery = rows >= self.num_queries
        gallery_rows = rows[in_gallery] - self.num_queries
        self.columns = _group(
            columns[in_gallery], gallery_rows, values[in_gallery], len(self.embeddings)
        )

    def _distance(self, rows: Tensor, first: int = 0) -> Tensor:
        """Distances of some images to all from the one of number ``first`` on, ``(n, N)``."""
        visible = self.visibility
        return part_distance(
            self.embeddings[rows], self.embeddings[first:], visible[rows], visible[first:]
        )

    def _find_neighbours(self, number: int) -> Tensor:
        """The nearest images of each, ``(N, number)``, ties by index; −1 where there are fewer.

        Also sets the largest finite distance of each row, ``(N,)``.
        """
        device, size = self.embeddings.device, len(self.embeddings)
        position = torch.arange(size, device=device)
        lists, self.largest = [], torch.ones(size, device=device)
        for rows in position.split(max(1, _CHUNK_PAIRS // size)):
            distance = self._distance(rows)
            infinite = distance.isinf()
            largest = distance.masked_fill(infinite, 0).amax(1)
            self.largest[rows] = largest.masked_fill_(largest == 0, 1)
            # The bits of non-negative floats sort as the floats do.
            keys = torch.add(position, distance.view(torch.int32), alpha=2**32)
            keys = keys.masked_fill_(infinite, torch.iinfo(torch.int64).max)
            nearest = keys.topk(min(number, size), largest=False, sorted=True).values
            index = nearest & (2**32 - 1)
            lists.append(index.masked_fill_(nearest == torch.iinfo(torch.int64).max, -1))
        return torch.cat(lists)

    def _is_reciprocal(self, k: int) -> Tensor:
        """Which of the first k + 1 neighbours have the image among theirs, ``(N, k + 1)``."""
        neighbours = self.neighbours[:, : k + 1]
        image = torch.arange(len(neighbours), device=neighbours.device)
        found = [
            (neighbours[near.clamp(min=0)] == rows[:, None, None]).any(2) & (near >= 0)
            for near, rows in zip(neighbours.split(4096), image.split(4096), strict=True)
        ]
        return torch.cat(found)

    def _reciprocal_sets(self, k1: int) -> tuple[Tensor, Tensor]:
        """Enlarged sets of reciprocal neighbours: members ``(N, W)``, and which are real."""
        half = round(k1 / 2)  # a half goes to the even number, as in NumPy
        near, near_real = self.neighbours[:, : k1 + 1], self._is_reciprocal(k1)
        close, close_real = self.neighbours[:, : half + 1], self._is_reciprocal(half)
        members, real = [], []
        for rows in torch.arange(len(near), device=near.device).split(512):
            own, own_real = near[rows], near_real[rows]  # (n, k1 + 1)
            candidate = close[own.clamp(min=0)]  # (n, k1 + 1, half + 1)
            candidate_real = close_real[own.clamp(min=0)] & own_real[..., None]
            known = own.masked_fill(~own_real, -2)
            shared = (candidate[..., None] == known[:, None, None]).any(3) & candidate_real
            accepted = 3 * shared.sum(2) > 2 * candidate_real.sum(2)
            every = torch.cat([own, candidate.flatten(1)], 1)
            every_real = torch.cat([own_real, (candidate_real & accepted[..., None]).flatten(1)], 1)
            every = every.masked_fill(~every_real, len(self.neighbours)).sort(1).values
            once = every < len(self.neighbours)
            once[:, 1:] &= every[:, 1:] != every[:, :-1]
            members.append(every)
            real.append(once)
        return torch.cat(members), torch.cat(real)

    def _encode(self, members: Tensor, is_member: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights over the sets as rows, columns and values, ``(nnz,)`` each."""
        rows, slots = is_member.nonzero(as_tuple=True)
        columns = members[rows, slots]
        distance = self.embeddings.new_empty(len(rows), dtype=torch.float32)
        # Written into one tensor: many small ones would leave holes in the memory of a CPU.
        for part in torch.arange(len(rows), device=rows.device).split(_CHUNK_EMBEDDINGS):
            distance[part] = self._pair_distance(rows[part], columns[part])
        values = (-(distance / self.largest[rows]).square()).exp()
        total = values.new_zeros(len(self.embeddings)).index_add_(0, rows, values)
        return rows, columns, values / total[rows]

    def _pair_distance(self, i: Tensor, j: Tensor) -> Tensor:
        """Distance of pairs of images, ``(n,), (n,) → (n,)``, as :func:`part_distance`."""
        a, b = (F.normalize(self.embeddings[k].float(), dim=2) for k in (i, j))
        shared = self.visibility[i].float() * self.visibility[j].float()
        total, weight = ((a - b).norm(dim=2) * shared).sum(1), shared.sum(1)
        return (total / weight).masked_fill(weight == 0, torch.inf)

    def _average(
        self, rows: Tensor, columns: Tensor, values: Tensor, k2: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Mean of the vectors of each image's first k2 neighbours."""
        size = len(self.embeddings)
        start, columns, values = _group(rows, columns, values, size)
        near = self.neighbours[:, :k2]
        share = 1 / (near >= 0).sum(1).clamp(min=1)
        parts = []
        for chunk in torch.arange(size, device=near.device).split(max(1, _CHUNK_PAIRS // size)):
            image, slot = (near[chunk] >= 0).nonzero(as_tuple=True)
            owner, entry = _expand(start, near[chunk][image, slot])
            mean = values.new_zeros(len(chunk), size)
            place = image[owner] * size + columns[entry]
            mean.view(-1).index_add_(0, place, values[entry] * share[chunk][image[owner]])
            row, column = mean.nonzero(as_tuple=True)
            parts.append((chunk[row], column, mean[row, column]))
        return tuple(torch.cat(x) for x in zip(*parts, strict=True))

    @torch.no_grad()
    def __call__(self, rows: Tensor) -> Tensor:
        """Re-ranked distances of the queries with these indices, ``(n,) → (n, G)``."""
        size = max(1, _CHUNK_PAIRS // len(self.embeddings))
        return torch.cat([self._rerank(part) for part in rows.split(size)])

    def _rerank(self, rows: Tensor) -> Tensor:
        num_gallery = len(self.embeddings) - self.num_queries
        distance = self._distance(rows, self.num_queries)
        start, columns, values = self.rows
        column_start, gallery_rows, gallery_values = self.columns
        overlap = torch.zeros_like(distance)
        row_of, entry = _expand(start, rows)  # the entries of these queries
        count = column_start.diff()[columns[entry]]
        # A few entries at a time, so that the pairs they make fit.
        batch = (count.cumsum(0) // _CHUNK_ENTRIES).unique_consecutive(return_counts=True)[1]
        sizes = batch.tolist()
        for row, index in zip(row_of.split(sizes), entry.split(sizes), strict=True):
            owner, pair = _expand(column_start, columns[index])
            smaller = torch.minimum(values[index][owner], gallery_values[pair])
            overlap.view(-1).index_add_(0, row[owner] * num_gallery + gallery_rows[pair], smaller)
        jaccard = 1 - overlap / (2 - overlap)
        former = (distance / self.largest[rows, None]).square_()
        # Overlaps of equal vectors may round to slightly above 1.
        mixed = jaccard.clamp_(min=0).mul_(1 - self.weight).add_(former, alpha=self.weight)
        return mixed.masked_fill_(distance.isinf(), torch.inf)  # also where λ = 0


def check_reranking(k1: int = 20, k2: int = 6, weight: float = 0.3) -> None:
    """Raise ValueError unless the parameters are in their ranges."""
    if k1 < 1 or k2 < 1 or not 0 <= weight <= 1:
        raise ValueError(
            f're-ranking needs k1 and k2 from 1 on and a weight in [0, 1], got {k1}, {k2}, {weight}'
        )


def _group(
    rows: Tensor, columns: Tensor, values: Tensor, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Entries sorted by row: where each row starts ``(size + 1,)``, columns and values."""
    order = rows.argsort(stable=True)
    start = torch.zeros(size + 1, dtype=torch.long, device=rows.device)
    start[1:] = rows.bincount(minlength=size).cumsum(0)
    return start, columns[order], values[order]


def _expand(start: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """All entries of some rows: which of ``rows`` each belongs to, and its place."""
    count = start[rows + 1] - start[rows]
    owner = torch.arange(len(rows), device=rows.device).repeat_interleave(count)
    before = count.cumsum(0) - count
    place = torch.arange(len(owner), device=rows.device) - before[owner] + start[rows][owner]
    return owner, place
