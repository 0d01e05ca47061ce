"""Distances between part embeddings, for training and for test."""

import torch
from torch import Tensor

# |a|² + |b|² − 2ab is exact to a few float32 roundings of |a|² + |b|². A squared distance below
# this share of it cannot be told from 0: it is 0 and carries no gradient.
_ROUNDING = 1e-6
# Pairs whose distances are computed at once, 4 MiB: matrix product, square root and sum then find
# them in the cache; 8 MiB were 15 % slower. Smaller blocks gain little, and each operation waits
# for all threads, which takes milliseconds where another process holds a core.
_BLOCK_PAIRS = 2**20
Hidden = str | float


def pairwise_part_distance(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distance of every part between two sets of samples (DROP, Eq. 6).

    The embeddings are not normalised. The result is float32, under autocast too. The gradient is
    finite everywhere; where the distance is 0 it is 0.

    Args:
        a: Part embeddings, ``(M, K, C)``.
        b: Part embeddings, ``(N, K, C)``.

    Returns:
        Distances, ``(K, M, N)``.

    Raises:
        TypeError: One is no tensor.
        ValueError: The shapes do not fit, or embeddings are not floating-point numbers.
    """
    check_inputs(a, b)
    with torch.autocast(a.device.type, enabled=False):
        a, b = a.float().transpose(0, 1), b.float().transpose(0, 1)  # (K, M, C), (K, N, C)
        # torch.cdist needs 4/5 of the time, but leaves 0.001 |a| where a and b are equal.
        size = a.square().sum(2)[:, :, None] + b.square().sum(2)[:, None, :]
        squared = torch.baddbmm(size, a, b.transpose(1, 2), alpha=-2)
        equal = squared <= _ROUNDING * size  # false for NaN, which must not look like 0
        # The inner `where` keeps the infinite slope of the root at 0 out of the backward pass.
        return torch.where(equal, 0, torch.where(equal, 1, squared).sqrt())


def mean_over_shared_parts(distance: Tensor, visible_a: Tensor, visible_b: Tensor) -> Tensor:
    """Average part distances over the parts that both samples show.

    Pairs that share no part are infinitely far apart, so they rank last.

    Args:
        distance: ``(K, M, N)``, from :func:`pairwise_part_distance`.
        visible_a: Boolean part visibility, ``(M, K)``.
        visible_b: Boolean part visibility, ``(N, K)``.

    Returns:
        Distances, ``(M, N)``.
    """
    shared = visible_a.T[:, :, None] & visible_b.T[:, None, :]  # (K, M, N)
    num_shared = shared.sum(0)
    total = distance.masked_fill(~shared, 0).sum(0)
    return (total / num_shared.clamp(min=1)).masked_fill(num_shared == 0, torch.inf)


@torch.no_grad()
def part_distance(
    query: Tensor,
    gallery: Tensor,
    query_visibility: Tensor | None = None,
    gallery_visibility: Tensor | None = None,
    out: Tensor | None = None,
    hidden: Hidden = 'skip',
    squared: bool = False,
) -> Tensor:
    """Distance of every query to every gallery image, as used for retrieval.

    Each embedding is L2-normalised (a zero vector stays zero), its Euclidean distance is taken,
    and the mean over the embeddings that are visible in both images is returned. Computed in
    float32 and block by block: besides the result, 10 MiB and a copy of ``query`` are held.
    Squared distances below 1e-6 count as 0. Carries no gradient.

    Visibility may also be graded, a number in [0, 1] such as ``visibility_score``: the mean is
    then weighted by the products of the two images' numbers, which for 0 and 1 is the same.

    Args:
        query: Embeddings, ``(Q, E, C)``.
        gallery: Embeddings, ``(G, E, C)``.
        query_visibility: Boolean or graded, ``(Q, E)``; all visible if left out.
        gallery_visibility: Boolean or graded, ``(G, E)``; all visible if left out.
        out: Float32 tensor ``(Q, G)`` to write the result to.
        hidden: What an embedding counts that the query shows and the gallery image hides.
            ``'skip'``: nothing, as in the paper. But a mean over few embeddings varies more than
            one over many, so images that show a single part come first for many queries.
            A number in [0, 2]: this distance. Ranked by it, a shared part is evidence: for the
            same person as far as it is nearer than the number, against as far as it is not.
            ``'mean'``: the mean distance of that embedding, from this query to the gallery images
            that show it. A distance then depends on the whole gallery.
        squared: Take the mean of squared distances, of which an embedding that differs much
            weighs more. It is what inner products of one vector an image give, see
            :func:`to_flat`. The number of ``hidden`` stays a distance, and is squared.

    Returns:
        Distances in [0, 2], squared ones in [0, 4], ``(Q, G)``; infinite where no embedding is
        visible in both; with a number, where the query shows none; with ``'mean'``, where it shows
        none that any gallery image shows.

    Raises:
        TypeError: Embeddings or visibility are no tensor.
        ValueError: The shapes do not fit, ``hidden`` is unknown, graded visibility is not in
            [0, 1], embeddings are not floating-point numbers, or one holds NaN, infinity or values
            whose squares overflow.
    """
    check_inputs(query, gallery, query_visibility, gallery_visibility)
    check_hidden(hidden)
    query_visible = _visibility_weight(query_visibility, query)
    gallery_visible = _visibility_weight(gallery_visibility, gallery)
    with torch.autocast(query.device.type, enabled=False):
        query_norm, query_size = _norm(query, 'query')
        gallery_norm, gallery_size = _norm(gallery, 'gallery')
        # (w d)² = w² (|q|² + |g|² − 2qg) with w = v_q v_g. Visibility is folded into the factors:
        # all three terms are 0 unless both are visible, so invisible pairs need no mask.
        power = 1 if squared else 2  # w d² needs no root
        query_factor, gallery_factor = query_visible.pow(power), gallery_visible.pow(power)
        query = query.float() * (-2 * query_factor / query_norm)[..., None]
        query_size *= query_factor
        scale = (gallery_factor / gallery_norm).T.contiguous()  # (E, G): rows run along a block
        gallery_size = (gallery_size * gallery_factor).T.contiguous()
        weight, gallery_factor = gallery_visible.T.contiguous(), gallery_factor.T.contiguous()

        out = query.new_empty(len(query), len(gallery)) if out is None else out
        sums = torch.zeros_like(query_size)  # of each query's distances, by embedding
        width = max(1, _BLOCK_PAIRS // max(1, len(query)))
        for start in range(0, len(gallery), width):
            block = slice(start, start + width)
            total = out[:, block].zero_()
            square, inverse_root = total.new_ones(2, *total.shape)
            for e in range(query.shape[1]):
                torch.mm(query[:, e], gallery[block, e].float().T, out=square)
                square.mul_(scale[e, block])
                square.addcmul_(query_factor[:, e, None], gallery_size[e, block])
                square.addcmul_(query_size[:, e, None], gallery_factor[e, block])
                if not squared:
                    # √x as x / √x: torch's CPU root takes seven times longer where x holds zeros.
                    torch.clamp(square, min=_ROUNDING, out=inverse_root).rsqrt_()
                total.addcmul_(torch.threshold_(square, _ROUNDING, 0), inverse_root)
                if hidden == 'mean':
                    sums[:, e] += torch.linalg.vecdot(square, inverse_root)
            if hidden == 'skip':
                num_shared = query_visible @ weight[:, block]
                total.div_(num_shared).masked_fill_(num_shared == 0, torch.inf)
        if hidden != 'skip':
            num_images = weight.sum(1)  # that show an embedding, or the sum of their weights
            counted = query_visible * (num_images > 0) if hidden == 'mean' else query_visible
            if hidden == 'mean':
                assumed = sums / _no_zero(num_images)
            else:
                assumed = counted * (hidden**2 if squared else hidden)
            out.addmm_(assumed, 1 - weight)
            total = counted.sum(1, keepdim=True)
            out.div_(total).masked_fill_(total == 0, torch.inf)
    return out


def check_hidden(hidden: Hidden) -> None:
    """Check the argument ``hidden`` of :func:`part_distance`.

    Raises:
        ValueError: It is unknown.
    """
    number = isinstance(hidden, float | int) and not isinstance(hidden, bool)
    if hidden not in ('skip', 'mean') and not (number and 0 <= hidden <= 2):
        raise ValueError(f"hidden must be 'skip', 'mean' or a distance in [0, 2], got {hidden!r}")


def check_inputs(
    a: Tensor, b: Tensor, visible_a: Tensor | None = None, visible_b: Tensor | None = None
) -> None:
    """Check that embeddings and visibility of two sets of samples fit.

    Raises:
        TypeError: One is no tensor.
        ValueError: The shapes do not fit, embeddings are not floating-point numbers, or graded
            visibility is not in [0, 1].
    """
    for embeddings in (a, b):
        if not isinstance(embeddings, Tensor):
            raise TypeError(
                f'embeddings must be a torch.Tensor, got {type(embeddings).__name__}: convert '
                'them with torch.as_tensor'
            )
        if not embeddings.is_floating_point():
            raise ValueError(
                f'embeddings must be floating-point numbers, got {embeddings.dtype}: convert them '
                'with .float(), after their scale was undone if they were quantised'
            )
    if a.ndim != 3 or b.ndim != 3 or a.shape[1:] != b.shape[1:]:
        raise ValueError(
            'embeddings must be (samples, embeddings, channels) and agree in the last two, '
            f'got {tuple(a.shape)} and {tuple(b.shape)}'
        )
    for visible, embeddings in ((visible_a, a), (visible_b, b)):
        expected = tuple(embeddings.shape[:2])
        if visible is None:
            continue
        if not isinstance(visible, Tensor):
            raise TypeError(
                f'visibility must be a torch.Tensor, got {type(visible).__name__}: convert it with '
                'torch.as_tensor'
            )
        graded = visible.is_floating_point()
        if visible.shape != expected or not (graded or visible.dtype == torch.bool):
            raise ValueError(
                f'visibility must be bool or graded {expected}, one value for each embedding, '
                f'got {visible.dtype} {tuple(visible.shape)}'
            )
        if graded and not ((visible >= 0) & (visible <= 1)).all():
            raise ValueError('graded visibility must be numbers in [0, 1]')


def _visibility_weight(visibility: Tensor | None, embeddings: Tensor) -> Tensor:
    if visibility is None:
        return torch.ones(embeddings.shape[:2], device=embeddings.device)
    return visibility.to(embeddings.device, torch.float32)


def _norm(embeddings: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Divisors and squared lengths after division, both ``(N, E)``; a zero vector has 1 and 0."""
    dtype = torch.promote_types(embeddings.dtype, torch.float32)
    norm = torch.linalg.vector_norm(embeddings, dim=2, dtype=dtype).float()
    if not norm.isfinite().all():
        raise ValueError(f'{name} embeddings hold NaN, infinity or values too large to normalise')
    return _no_zero(norm), (norm != 0).float()


def _no_zero(divisor: Tensor) -> Tensor:
    return divisor.masked_fill(divisor == 0, 1)
