"""Answers one can act on: is it one person, how sure is that, and which parts say so."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

from mmdrop.apis.certainty import Certainty, Evidence
from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.utils import plain_table


@dataclass(frozen=True)
class PartEvidence:
    """What one embedding says of two images.

    Attributes:
        name: ``'foreground'``, ``'part_1'`` ….
        seen: Whether the first and the second image show it.
        distance: In [0, 2]; None if one image hides it.
        log_odds: What it adds; 0 if one image hides it, None if nobody measured it.
    """

    name: str
    seen: tuple[bool, bool]
    distance: float | None
    log_odds: float | None


@dataclass(frozen=True)
class Verdict:
    """Whether two images show one person; ``print`` it.

    Attributes:
        same: Whether the evidence exceeds that of all but a share of the pairs of two people.
        probability: That they do, at the prior.
        log_odds: Sum of the evidence.
        threshold: Log odds from which on ``same`` is true.
        false_match_rate: The share.
        distance: By which a ranking would sort them; infinite if they share nothing.
        parts: What each embedding says.
    """

    same: bool
    probability: float
    log_odds: float
    threshold: float
    false_match_rate: float
    distance: float
    parts: tuple[PartEvidence, ...]

    def __str__(self) -> str:
        answer = 'one person' if self.same else 'not shown to be one person'
        if all(part.distance is None for part in self.parts):
            answer = 'unknown: the images share no part'
        cells = [['', 'distance', 'log odds', 'hidden in']]
        for part in self.parts:
            sides = zip(('first', 'second'), part.seen, strict=True)
            hidden = [name for name, seen in sides if not seen]
            distance = '–' if part.distance is None else f'{part.distance:.3f}'
            odds = '–' if part.log_odds is None else f'{part.log_odds:+.2f}'
            cells.append([part.name, distance, odds, ' and '.join(hidden)])
        return (
            f'{answer}: P = {self.probability:.3f}, log odds {self.log_odds:+.2f} (needed '
            f'{self.threshold:+.2f} at {100 * self.false_match_rate:g} % false matches)\n'
            + plain_table(cells)
        )


def list_parts(
    names: Sequence[str],
    first: Sequence[bool],
    second: Sequence[bool],
    distances: Sequence[float],
    log_odds: Sequence[float | None],
) -> tuple[PartEvidence, ...]:
    """What each of E embeddings says of two images, from E values of each kind."""
    rows = zip(names, first, second, distances, log_odds, strict=True)
    return tuple(
        PartEvidence(name, (a, b), distance if a and b else None, odds)
        for name, a, b, distance, odds in rows
    )


def make_verdict(
    certainty: Certainty,
    evidence: Evidence,
    sides: Sequence[EmbeddingSet],
    distance: float,
    prior: float,
    false_match_rate: float,
) -> Verdict:
    """Verdict on the first row of each of two sets.

    Args:
        certainty: Of their model.
        evidence: Of the two rows, ``(1, E)``.
        sides: The two sets.
        distance: Between them.
        prior: Probability of one person before the images are seen.
        false_match_rate: Share of the pairs of two people that may be called one person.

    Raises:
        ValueError: The prior is not between 0 and 1, or the rate was not measured.
    """
    threshold = certainty.threshold(false_match_rate)
    seen = [one.select(certainty.embeddings)[1][0].tolist() for one in sides]
    values = evidence.distance[0].tolist(), evidence.log_odds[0].tolist()
    parts = list_parts(certainty.embeddings, *seen, *values)
    total = float(evidence.log_odds[0].sum())
    return Verdict(
        same=total > threshold,
        probability=evidence.probability(prior)[0].item(),
        log_odds=total,
        threshold=threshold,
        false_match_rate=false_match_rate,
        distance=distance,
        parts=parts,
    )


def fuse(embedded: EmbeddingSet) -> EmbeddingSet:
    """One person of several images: each embedding a mean, weighted by how visible it is.

    Unit vectors are averaged with the weights of their visibility scores, hidden ones with none;
    without scores visible ones weigh alike.  An embedding is visible if an image shows it, and
    as visible as where it is best seen.

    Raises:
        ValueError: There is no image.
    """
    if not len(embedded):
        raise ValueError('there is no image of the person')
    if len(embedded) == 1:
        return embedded
    visible = embedded.visibility.float()
    weight = visible if embedded.visibility_score is None else visible * embedded.visibility_score
    # An embedding that is visible with a score of 0 still counts.
    weight = torch.where(weight.sum(0) > 0, weight, visible)
    total = weight.sum(0).clamp(min=torch.finfo(torch.float32).tiny)
    mean = (normalize(embedded.embeddings, dim=2) * weight[..., None]).sum(0) / total[:, None]
    score = embedded.visibility_score
    return EmbeddingSet(
        names=[f'{embedded.names[0]} and {len(embedded) - 1} more'],
        embeddings=mean[None],
        visibility=embedded.visibility.any(0)[None],
        embedding_names=embedded.embedding_names,
        visibility_score=None if score is None else score.amax(0)[None],
        model=embedded.model,
    )
