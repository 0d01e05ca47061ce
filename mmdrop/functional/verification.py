"""Is this the same person? Verification and open-set identification, exact and streamed.

Pairs are those of the protocol of :mod:`mmdrop.functional.ranking`: junk and dropped gallery images
make none.  A pair is genuine if both images show one person, else an impostor pair, those with
distractors included.  It is accepted if its distance does not exceed a threshold.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .distance import Hidden, check_inputs, part_distance
from .ranking import Labels, Protocol

_BINS = 2**16  # between 0 and the largest distance: one is known to 3e-5, squared to 6e-5
_CHUNK_PAIRS = 2**22  # counted at once, as 64-bit numbers: 32 MiB


class Verification(NamedTuple):
    """Errors at every threshold, and the two distances of each query that decide an open set.

    Attributes:
        threshold: Distances, ascending ``(T,)`` float64.
        fpr: Share of the impostor pairs that a threshold accepts, ``(T,)`` float64.
        tpr: Share of the genuine pairs that it accepts, ``(T,)`` float64.
        mate: Distance of each query to the nearest image of the same person, ``(Q',)`` float32;
            of queries that have one.
        other: Distance of each to the nearest image of another person, ``(Q',)`` float32.
    """

    threshold: Tensor
    fpr: Tensor
    tpr: Tensor
    mate: Tensor
    other: Tensor

    def scores(
        self, fpr: Sequence[float] = (1e-2, 1e-3, 1e-4), fpir: Sequence[float] = (1e-1, 1e-2)
    ) -> dict[str, float]:
        """Figures in percent.

        Args:
            fpr: False positive rates, at which the true positive rate is reported.
            fpir: Shares of the queries of people who are not in the gallery that get an answer
                all the same; at these the share of queries of people who are in it and get the
                right answer is reported.  Each query is taken for both: once without its mates.

        Returns:
            ``'TPR@FPR=0.01'`` …, ``'EER'``, the rate at which both errors are equal, and
            ``'TPIR@FPIR=0.1'`` ….
        """
        scores = {f'TPR@FPR={x:g}': self.tpr[self._last(x)].item() for x in fpr}
        crossing = (self.fpr - (1 - self.tpr)).abs().argmin()
        scores['EER'] = ((self.fpr + 1 - self.tpr)[crossing] / 2).item()
        right = self.mate < self.other
        for x in fpir:
            accepted = right & (self.mate <= self.alarm_threshold(x))
            scores[f'TPIR@FPIR={x:g}'] = accepted.double().mean().item()
        return {name: 100 * value for name, value in scores.items()}

    def pair_threshold(self, fpr: float) -> float:
        """Largest distance at which no more than this share of impostor pairs is accepted."""
        return self.threshold[self._last(fpr)].item()

    def alarm_threshold(self, fpir: float) -> float:
        """Largest distance at which no more than this share of unknown people gets an answer."""
        nearest = self.other.sort().values
        allowed = int(fpir * len(nearest) + 1e-9)
        if allowed >= len(nearest):
            return torch.inf
        # Just below the first answer too many.
        return torch.nextafter(nearest[allowed], nearest.new_tensor(-torch.inf)).item()

    def _last(self, fpr: float) -> int:
        return int((self.fpr <= fpr).sum()) - 1  # the first threshold, below 0, accepts nothing


def check_verification(
    options: bool | Mapping[str, Sequence[float]],
) -> dict[str, Sequence[float]] | None:
    """Keywords of :meth:`Verification.scores`, None for False.

    Raises:
        ValueError: A keyword is unknown, or a rate is not between 0 and 1.
    """
    if not options:
        return None
    keywords = {} if options is True else dict(options)
    rates = [rate for values in keywords.values() for rate in values]
    if keywords.keys() - {'fpr', 'fpir'} or not all(0 < rate < 1 for rate in rates):
        raise ValueError(
            'verification must be True, False or a dict of fpr and fpir, lists of rates between '
            f'0 and 1, got {options!r}'
        )
    return keywords


def evaluate_verification(
    query: Tensor,
    gallery: Tensor,
    query_pids: Labels,
    gallery_pids: Labels,
    query_camids: Labels,
    gallery_camids: Labels,
    query_visibility: Tensor | None = None,
    gallery_visibility: Tensor | None = None,
    chunk_size: int | None = None,
    hidden: Hidden = 'skip',
    squared: bool = False,
) -> Verification:
    """Compare every query with every gallery image and count how many pairs a threshold accepts.

    Distances are counted in 65,536 steps from 0 to 2, squared ones to 4, so memory does not grow
    with their number; rates at the thresholds that are returned are exact.  Arguments as those of
    :func:`~mmdrop.functional.evaluate_ranking`.

    Raises:
        TypeError: As :func:`~mmdrop.functional.evaluate_ranking`.
        ValueError: Likewise, or there is no genuine or no impostor pair.
    """
    check_inputs(query, gallery, query_visibility, gallery_visibility)
    protocol = Protocol(query, gallery, query_pids, gallery_pids, query_camids, gallery_camids)
    gallery_visibility = protocol.without_dropped(gallery, gallery_visibility)
    every, genuine = torch.zeros(2, _BINS + 2, dtype=torch.float64, device=query.device)
    largest = 4 if squared else 2
    nearest: list[tuple[Tensor, Tensor]] = []
    for rows in protocol.chunks(chunk_size or max(1, _CHUNK_PAIRS // len(gallery))):
        index, match, junk = protocol.same_pid(rows)
        visible = None if query_visibility is None else query_visibility[rows]
        distance = part_distance(
            query[rows], gallery, visible, gallery_visibility, hidden=hidden, squared=squared
        )
        mates = distance.gather(1, index)
        genuine += _count(mates[match], largest)
        every += _count(distance[:, ~protocol.dropped], largest) - _count(mates[junk], largest)
        mates = mates.masked_fill_(~match, torch.inf)
        own = match | junk
        distance[own.nonzero()[:, 0], index[own]] = torch.inf
        distance[:, protocol.dropped] = torch.inf
        scored = match.any(1)
        if scored.any():
            nearest.append((mates[scored].amin(1), distance[scored].amin(1)))
    impostors = every - genuine
    if not genuine.sum() or not impostors.sum():
        kind = 'impostor' if genuine.sum() else 'genuine'
        raise ValueError(f'there is no {kind} pair to compare')
    mate, other = (torch.cat(parts) for parts in zip(*nearest, strict=True))
    steps = torch.arange(-1, _BINS, dtype=torch.float64, device=query.device)
    fpr, tpr = (x.cumsum(0)[:-1] / x.sum() for x in (impostors, genuine))
    return Verification(steps * (largest / (_BINS - 1)), fpr, tpr, mate, other)


def _count(distances: Tensor, largest: float) -> Tensor:
    """Distances by the first threshold that accepts them; the last place is beyond all."""
    place = (distances.flatten().double() * ((_BINS - 1) / largest)).ceil() + 1
    return place.clamp(max=_BINS + 1).long().bincount(minlength=_BINS + 2).double()
