"""The flat code: part matching as an inner product of two vectors and a count.

Of the unit embeddings that both images show, n, the mean squared distance is

    Σ |a_k − b_k|² / n = 2 − 2 Σ a_k·b_k / n,

and the sum over shared embeddings is the inner product of two whole vectors in which hidden ones
are zero.  So an image is one vector and a few bits, which any index of vectors can rank.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from .distance import check_inputs


def to_flat(embeddings: Tensor, visibility: Tensor | None = None) -> Tensor:
    """Concatenate the unit embeddings of each image, with zeros where one is hidden.

    Differentiable, and free of data-dependent steps, so that it exports.

    Args:
        embeddings: ``(N, E, C)``.
        visibility: Bool ``(N, E)``; all visible if left out.

    Returns:
        Flat codes, float32 ``(N, E·C)``.

    Raises:
        TypeError: One is no tensor.
        ValueError: The shapes do not fit, embeddings are not floating-point numbers, or visibility
            is graded.
    """
    check_inputs(embeddings, embeddings, visibility)
    if visibility is not None and visibility.is_floating_point():
        raise ValueError('a flat code has no graded visibility: give it as bool')
    unit = normalize(embeddings.float(), dim=2, eps=torch.finfo(torch.float32).tiny)
    if visibility is not None:
        unit = unit * visibility.to(unit)[..., None]
    return unit.flatten(1)


def flat_distance(
    query: Tensor,
    gallery: Tensor,
    query_visibility: Tensor | None = None,
    gallery_visibility: Tensor | None = None,
) -> Tensor:
    """Mean squared distance over the shared embeddings, from flat codes.

    As ``part_distance(…, squared=True)`` of the embeddings; that, and not this, walks a large
    gallery in blocks.

    Args:
        query: Flat codes, ``(Q, E·C)``, from :func:`to_flat`.
        gallery: Flat codes, ``(G, E·C)``.
        query_visibility: Bool ``(Q, E)``; a code is one embedding that all show if both are left
            out.
        gallery_visibility: Bool ``(G, E)``.

    Returns:
        Squared distances in [0, 4], float32 ``(Q, G)``; infinite where no embedding is shared.

    Raises:
        TypeError: One is no tensor.
        ValueError: The shapes do not fit, or visibility is graded.
    """
    sides = []
    for code, visible in ((query, query_visibility), (gallery, gallery_visibility)):
        if not isinstance(code, Tensor):
            raise TypeError(f'flat codes must be a torch.Tensor, got {type(code).__name__}')
        num = 1 if visible is None else visible.shape[-1]
        if code.ndim != 2 or not num or code.shape[1] % num:
            raise ValueError(f'flat codes must be (N, E·C) with E = {num}, got {tuple(code.shape)}')
        parts = code.unflatten(1, (num, -1))
        check_inputs(parts, parts, visible)
        if visible is not None and visible.is_floating_point():
            raise ValueError('flat codes have no graded visibility: give it as bool')
        shown = code.new_ones(len(code), num) if visible is None else visible
        sides.append((code.float(), shown.float(), parts.float().square().sum(2)))
    (a, shown_a, size_a), (b, shown_b, size_b) = sides
    if a.shape[1] != b.shape[1] or shown_a.shape[1] != shown_b.shape[1]:
        raise ValueError(
            'flat codes of query and gallery must hold the same embeddings, got '
            f'{tuple(a.shape)} and {tuple(b.shape)} with visibility {tuple(shown_a.shape)} and '
            f'{tuple(shown_b.shape)}'
        )
    num_shared = shown_a @ shown_b.T
    # The squared lengths are 1, but for an embedding of zeros.
    total = size_a @ shown_b.T + shown_a @ size_b.T - 2 * a @ b.T
    return (total / num_shared).clamp_(min=0).masked_fill_(num_shared == 0, torch.inf)
