"""Compare a query with the images of a gallery."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mmdrop.apis.certainty import unit_distance
from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.apis.gallery.answers import Hit, Identification, SearchResult
from mmdrop.apis.gallery.faiss_engine import FaissEngine
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.apis.verdict import list_parts
from mmdrop.functional import part_distance, to_flat

# Images that an engine finds, and whose exact distances decide: it ranks by squared distances.
_CANDIDATES, _CANDIDATES_PER_HIT = 200, 20


class Comparer:
    """The images of a gallery under one rule of matching.

    Args:
        inferencer: Whose rule it is.
        embedded: The images.
        people: Whom each shows.
        parts: What to compare; what the rule says if None.
        engine: Finds the nearest images, of which the order is then computed; all are compared if
            None.

    Raises:
        ValueError: There is no part of that name.
    """

    def __init__(
        self,
        inferencer: ReIDInferencer,
        embedded: EmbeddingSet,
        people: Sequence[str],
        parts: str | Sequence[str] | None = None,
        engine: FaissEngine | None = None,
    ):
        self.inferencer, self.rule = inferencer, inferencer.matching
        self.embedded, self.people = embedded, people
        self.num_people = len(set(people))
        wanted = self.rule.embeddings
        self.indexed = embedded.names_of(wanted)
        if parts is not None:
            wanted = find_parts(parts, inferencer.part_names, embedded.embedding_names)
        self.names = embedded.names_of(wanted)
        # An engine knows nothing of embeddings that the rule leaves out.
        self.engine = engine if set(self.names) <= set(self.indexed) else None
        self.every = torch.arange(len(people))
        if self.engine is None:
            self.values, self.visible = embedded.select(self.names, self.rule.graded)

    def search(self, query: EmbeddingSet, topk: int, one_each: bool) -> SearchResult:
        """The nearest images of the gallery, or of each person.

        Args:
            query: One row.
            topk: How many.
            one_each: One image of each person.
        """
        if not query.select(self.names)[1].any():
            return SearchResult(query.names[0], ())
        rows = self._candidates(query, topk)
        distance = self._distances(query, rows)
        places = self._one_each(distance, rows) if one_each else distance.argsort(stable=True)
        return SearchResult(query.names[0], self._hits(query, rows, distance, places[:topk]))

    def identify(
        self, query: EmbeddingSet, known: float, least: float, topk: int
    ) -> Identification:
        """Who a query shows; arguments as those of :meth:`Gallery.identify`.

        Raises:
            ValueError: Nobody measured how sure the model may be.
        """
        certainty = self.inferencer.known_certainty()
        rows = self._candidates(query, topk)
        evidence = certainty.compare_all(query, self._images(rows))
        if not evidence.shared.any():
            return Identification(query.names[0], None, 0.0, 1 - known, ())
        odds = evidence.log_odds[0].sum(1)
        best = self._one_each(-odds, rows)
        # Each of n people has the prior known / n, nobody of them 1 − known.
        each = odds[best] + math.log(known / self.num_people)
        nobody = odds.new_tensor([math.log(1 - known)])
        probability = torch.cat([each, nobody]).softmax(0)
        hits = self._hits(query, rows, self._distances(query, rows), best[:topk])
        likely = probability[0].item()
        name = hits[0].name if likely >= least else None
        return Identification(query.names[0], name, likely, probability[-1].item(), hits)

    def _candidates(self, query: EmbeddingSet, topk: int) -> Tensor:
        """Rows among which the answer is: all, or the nearest ones of an engine."""
        if self.engine is None:
            return self.every
        values, visible = query.select(self.indexed)
        asked = torch.tensor([name in self.names for name in self.indexed])
        shown = visible & asked
        code = to_flat(values, shown)[0].numpy()
        number = max(_CANDIDATES, _CANDIDATES_PER_HIT * topk)
        return torch.from_numpy(self.engine.nearest(code, shown[0].numpy(), number))

    def _images(self, rows: Tensor) -> EmbeddingSet:
        return self.embedded if rows is self.every else self.embedded.take(rows.tolist())

    def _distances(self, query: EmbeddingSet, rows: Tensor) -> Tensor:
        """From one query to some images, ``(len(rows),)``."""
        shown, shown_visible = query.select(self.names, self.rule.graded)
        if rows is self.every:
            values, visible = self.values, self.visible
        else:
            values, visible = self._images(rows).select(self.names, self.rule.graded)
        return part_distance(
            shown,
            values,
            shown_visible,
            visible,
            hidden=self.rule.hidden,
            squared=self.rule.squared,
        )[0]

    def _hits(
        self, query: EmbeddingSet, rows: Tensor, distance: Tensor, places: Tensor
    ) -> tuple[Hit, ...]:
        """Hits at some places of the rows."""
        chosen = zip(rows[places].tolist(), distance[places].tolist(), strict=True)
        return tuple(self._hit(query, row, value) for row, value in chosen)

    def _one_each(self, values: Tensor, rows: Tensor) -> Tensor:
        """Places of the smallest value of each person, ascending."""
        seen: set[str] = set()
        places = []
        for place in values.argsort(stable=True).tolist():
            person = self.people[int(rows[place])]
            if person not in seen:
                seen.add(person)
                places.append(place)
        return torch.tensor(places, dtype=torch.long)

    def _hit(self, query: EmbeddingSet, row: int, distance: float) -> Hit:
        one = self.embedded.take([row])
        (a, a_shown), (b, b_shown) = (x.select(self.names) for x in (query, one))
        between = unit_distance(a[0], b[0])
        odds: list[float | None] = [None] * len(self.names)
        probability = None
        certainty = self.inferencer.certainty
        if certainty is not None and set(self.names) <= set(certainty.embeddings):
            evidence = certainty.compare(query, one)
            places = [certainty.embeddings.index(name) for name in self.names]
            chosen = evidence.log_odds[0, places]
            odds, probability = chosen.tolist(), chosen.sum().sigmoid().item()
        seen = a_shown[0].tolist(), b_shown[0].tolist()
        parts = list_parts(self.names, *seen, between.tolist(), odds)
        box = None if one.boxes is None or one.boxes.isnan().any() else tuple(one.boxes[0].tolist())
        return Hit(self.people[row], one.names[0], distance, probability, parts, box)


def find_parts(
    parts: str | Sequence[str], part_names: Sequence[str], embedding_names: Sequence[str]
) -> tuple[str, ...]:
    """Names of embeddings from names of parts, or of embeddings.

    Args:
        parts: Such as ``('torso', 'legs')``, ``'part_3'`` or ``'parts'``.
        part_names: Of the parts 1..K.
        embedding_names: Those that there are.

    Raises:
        ValueError: There is none of that name; the message names those that there are.
    """
    known = {name: f'part_{i}' for i, name in enumerate(part_names, 1)}
    wanted = [known.get(name, name) for name in ([parts] if isinstance(parts, str) else parts)]
    wrong = [name for name in wanted if name not in (*embedding_names, 'parts')]
    if wrong or not wanted:
        there = ', '.join([*known, *embedding_names])
        raise ValueError(f'no part is called {", ".join(wrong) or "nothing"}: there are {there}')
    return tuple(wanted)
