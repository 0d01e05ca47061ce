"""Gradients that are not the function's own."""

from torch import Tensor


def scale_gradient(x: Tensor, factor: float) -> Tensor:
    """Return ``x``, and multiply the gradient that flows back through it by ``factor``.

    Args:
        x: Any shape, finite.
        factor: 0 stops the gradient, 1 leaves it.
    """
    if factor == 1:
        return x
    constant = x.detach()
    return constant if factor == 0 else constant + factor * (x - constant)
