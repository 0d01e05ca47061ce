"""How sure a model may be that two images show one person."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.functional import Calibration, pairwise_part_distance


@dataclass(frozen=True)
class Certainty:
    """A calibration of a model's embeddings, fitted to people that it was not trained on.

    Attributes:
        embeddings: Names of those that are compared.
        bias: Log odds that each adds at distance 0 if both images show it.
        slope: What a unit of distance changes.
        rates: False-match rates, descending.
        log_odds: Evidence above which no more than that share of the pairs of two people lies,
            ascending.
        fitted_on: What it was fitted to, such as ``{'market1501': '51 people, …'}``.
    """

    embeddings: tuple[str, ...]
    bias: tuple[float, ...]
    slope: tuple[float, ...]
    rates: tuple[float, ...]
    log_odds: tuple[float, ...]
    fitted_on: Mapping[str, str]

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> 'Certainty':
        """The inverse of :meth:`to_dict`.

        Raises:
            ValueError: It is no calibration.
        """
        try:
            lists = ('embeddings', 'bias', 'slope', 'rates', 'log_odds')
            found = cls(**{k: tuple(v) if k in lists else dict(v) for k, v in fields.items()})
        except (TypeError, ValueError) as error:
            raise ValueError(f'not a calibration: {error}') from error
        if not len(found.embeddings) == len(found.bias) == len(found.slope):
            raise ValueError('not a calibration: embeddings, bias and slope differ in length')
        return found

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            key: dict(value) if isinstance(value, Mapping) else list(value)
            for key, value in vars(self).items()
        }

    @property
    def calibration(self) -> Calibration:
        """As tensors."""
        bias, slope = (torch.tensor(x, dtype=torch.float64) for x in (self.bias, self.slope))
        return Calibration(bias, slope)

    def compare(self, a: EmbeddingSet, b: EmbeddingSet) -> 'Evidence':
        """Compare each row of one set with the same row of another.

        Raises:
            ValueError: An embedding that the calibration needs is not there.
        """
        (first, first_shown), (second, second_shown) = (
            one.select(self.embeddings) for one in (a, b)
        )
        distance = unit_distance(first, second)
        shared = first_shown & second_shown
        return Evidence(distance, shared, self.calibration.evidence(distance, shared))

    def compare_all(self, a: EmbeddingSet, b: EmbeddingSet) -> 'Evidence':
        """Compare each row of one set with each of another; fields are ``(Q, G, E)``."""
        (first, first_shown), (second, second_shown) = (
            one.select(self.embeddings) for one in (a, b)
        )
        units = (normalize(x.float(), dim=-1) for x in (first, second))
        distance = pairwise_part_distance(*units).permute(1, 2, 0)
        shared = first_shown[:, None] & second_shown[None]
        return Evidence(distance, shared, self.calibration.evidence(distance, shared))

    def threshold(self, rate: float) -> float:
        """Log odds above which no more than a share of the pairs of two people lies.

        Between two rates that were measured it is interpolated over the logarithm of the rate.

        Raises:
            ValueError: The rate is not among those that were measured, from the lowest to ½.
        """
        if not self.rates or not self.rates[-1] <= rate <= self.rates[0]:
            known = f'{self.rates[-1]:g} to {self.rates[0]:g}' if self.rates else 'none'
            raise ValueError(
                f'a false-match rate of {rate:g} was not measured for this model, but {known}'
            )
        place = next(i for i, known in enumerate(self.rates) if known <= rate)
        if self.rates[place] == rate or not place:
            return self.log_odds[place]
        high, low = self.rates[place - 1], self.rates[place]
        share = math.log(high / rate) / math.log(high / low)
        return self.log_odds[place - 1] + share * (self.log_odds[place] - self.log_odds[place - 1])


@dataclass(frozen=True)
class Evidence:
    """What pairs of images have in common, embedding by embedding.

    Attributes:
        distance: Between unit vectors, ``(…, E)``.
        shared: Whether both images show it, bool ``(…, E)``.
        log_odds: What each adds, ``(…, E)`` float64; 0 where it is not shared.
    """

    distance: Tensor
    shared: Tensor
    log_odds: Tensor

    def probability(self, prior: float = 0.5) -> Tensor:
        """That a pair shows one person, ``(…,)``, if a share ``prior`` of all pairs does.

        Raises:
            ValueError: The prior is not between 0 and 1.
        """
        if not 0 < prior < 1:
            raise ValueError(f'a prior is between 0 and 1, got {prior}')
        return (self.log_odds.sum(-1) + math.log(prior / (1 - prior))).sigmoid()


def unit_distance(a: Tensor, b: Tensor) -> Tensor:
    """Distance of unit vectors ``(…, C)``; that of equal ones is 0 to a few float32 roundings."""
    return (normalize(a.float(), dim=-1) - normalize(b.float(), dim=-1)).norm(dim=-1)


def find_rates(impostors: Tensor, rates: Sequence[float]) -> tuple[tuple[float, ...], ...]:
    """False-match rates that a number of pairs of two people can tell, and their log odds.

    Args:
        impostors: Log odds of such pairs, ``(N,)``.
        rates: Descending; those that fewer than ten pairs would decide are left out.
    """
    ordered = impostors.double().sort(descending=True).values
    known = [rate for rate in rates if int(rate * len(ordered)) >= 10]
    # Above the value at this place lie no more than so many.
    found = [ordered[int(rate * len(ordered))].item() for rate in known]
    return tuple(known), tuple(found)
