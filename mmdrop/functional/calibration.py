"""From distances to the probability that two images show one person."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

_STEPS = 200  # of L-BFGS; a problem of a dozen numbers takes some twenty


class Calibration(NamedTuple):
    """Logistic regression on the distances of what two images both show.

    An embedding e that both show, at distance d_e, is evidence of ``bias_e + slope_e d_e``, in
    natural units of log odds; what one of them hides is none.  The log odds of one person are the
    sum of the evidence, and those of the prior.

    Attributes:
        bias: ``(E,)`` float64.
        slope: Likewise.
    """

    bias: Tensor
    slope: Tensor

    def evidence(self, distance: Tensor, shared: Tensor) -> Tensor:
        """Log odds that each embedding adds, float64.

        Args:
            distance: Between unit vectors, ``(..., E)``.
            shared: Whether both images show it, likewise, bool.
        """
        return torch.where(shared, self.bias + self.slope * distance.double(), 0.0)

    def probability(self, distance: Tensor, shared: Tensor, prior: float = 0.5) -> Tensor:
        """Probability that two images show one person, ``(...,)`` float64.

        Args:
            distance: Between unit vectors, ``(..., E)``.
            shared: Whether both images show it, likewise, bool.
            prior: Probability before the images are seen: ½ if nothing is known, 1/n if one of n
                people of a gallery is asked for.

        Raises:
            ValueError: The prior is not between 0 and 1.
        """
        if not 0 < prior < 1:
            raise ValueError(f'a prior is between 0 and 1, got {prior}')
        odds = math.log(prior / (1 - prior))
        return (self.evidence(distance, shared).sum(-1) + odds).sigmoid()


def fit_calibration(
    distance: Tensor, shared: Tensor, same: Tensor, decay: float = 1e-4
) -> Calibration:
    """Fit the probability that a pair shows one person, at a prior of ½.

    The pairs must be of people that the network was not trained on, to whom it is kinder.
    Genuine and impostor pairs weigh alike, however many there are of each.

    Args:
        distance: Of the embeddings of a pair, ``(N, E)``.
        shared: Whether both images show it, ``(N, E)`` bool.
        same: Whether both show one person, ``(N,)`` bool.
        decay: Weight of half the sum of the squared parameters beside the mean cross entropy.
            It bounds what is fitted to pairs that can be told apart without an error.

    Raises:
        ValueError: The shapes do not fit, or all pairs are of one kind.
    """
    if distance.ndim != 2 or shared.shape != distance.shape or same.shape != distance.shape[:1]:
        raise ValueError(
            'distance and shared must be (N, E) and same (N,), got '
            f'{tuple(distance.shape)}, {tuple(shared.shape)} and {tuple(same.shape)}'
        )
    if same.all() or not same.any():
        raise ValueError('a calibration needs pairs of one person and of two, got one kind')
    known = shared.double()
    # An unshared distance may be anything, infinite too.
    features = torch.cat([known, torch.where(shared, distance.double(), 0.0)], 1)
    target = same.double()
    weight = torch.where(same, 0.5 / target.sum(), 0.5 / (1 - target).sum())
    theta = features.new_zeros(features.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [theta],
        max_iter=_STEPS,
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
        line_search_fn='strong_wolfe',
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        entropy = binary_cross_entropy_with_logits(
            features @ theta, target, weight=weight, reduction='sum'
        )
        value = entropy + decay / 2 * theta.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    bias, slope = theta.detach().chunk(2)
    return Calibration(bias, slope)


class Reliability(NamedTuple):
    """How often those pairs are of one person that are said to be so with some probability.

    Attributes:
        weight: Share of the pairs in each bin of probability, ``(B,)`` float64.
        said: Mean probability of the pairs of a bin; NaN for an empty one.
        true: Share of them that are genuine; likewise.
    """

    weight: Tensor
    said: Tensor
    true: Tensor

    @property
    def error(self) -> float:
        """Expected calibration error, the mean of |said − true| over the pairs, in [0, 1].

        Guo et al., On Calibration of Modern Neural Networks, Eq. 3.
        """
        return (self.weight * (self.said - self.true).abs()).nansum().item()


def measure_reliability(
    probability: Tensor, same: Tensor, prior: float = 0.5, num_bins: int = 15
) -> Reliability:
    """Sort pairs into bins of equal width by the probability that they are said to have.

    Args:
        probability: Of each pair, ``(N,)``, at ``prior``.
        same: Whether it shows one person, ``(N,)`` bool.
        prior: Share of genuine pairs: they are weighted to it, however many there are.
        num_bins: B, between 0 and 1.

    Raises:
        ValueError: All pairs are of one kind.
    """
    if same.all() or not same.any():
        raise ValueError('reliability needs pairs of one person and of two, got one kind')
    genuine = same.double()
    weight = torch.where(same, prior / genuine.sum(), (1 - prior) / (1 - genuine).sum())
    place = (probability.double() * num_bins).long().clamp(max=num_bins - 1)

    def total(values: Tensor) -> Tensor:
        return torch.bincount(place, weights=values, minlength=num_bins)

    share = total(weight)
    return Reliability(
        share, total(weight * probability.double()) / share, total(weight * genuine) / share
    )
