"""What a gallery answers."""

from dataclasses import dataclass

from mmdrop.apis.verdict import PartEvidence
from mmdrop.utils import plain_table


@dataclass(frozen=True)
class Hit:
    """An image of a gallery that resembles the query.

    Attributes:
        name: Of the person.
        image: Of the image.
        distance: Of the two images, by which hits are ordered; infinite if they share nothing.
        probability: That both show one person, at a prior of ½; None if nobody measured how sure
            the model may be.
        parts: What each embedding says.
        box: Of the person in the image, x1, y1, x2, y2 in pixels; None for an image of one.
    """

    name: str
    image: str
    distance: float
    probability: float | None
    parts: tuple[PartEvidence, ...]
    box: tuple[float, ...] | None = None

    @property
    def shared(self) -> tuple[str, ...]:
        """Names of the embeddings that both images show."""
        return tuple(part.name for part in self.parts if part.distance is not None)


@dataclass(frozen=True)
class SearchResult:
    """The images, or people, of a gallery that resemble a query most; ``print`` it.

    Attributes:
        query: Name of the query.
        hits: Nearest first; none if the query shows nothing that was asked for.
    """

    query: str
    hits: tuple[Hit, ...]

    def __str__(self) -> str:
        if not self.hits:
            return f'{self.query}: shows none of the parts that were asked for'
        cells = [['', 'name', 'distance', 'P', 'image']]
        for rank, hit in enumerate(self.hits, 1):
            sure = '–' if hit.probability is None else f'{hit.probability:.2f}'
            cells.append([str(rank), hit.name, f'{hit.distance:.3f}', sure, hit.image])
        return f'{self.query}\n{plain_table(cells)}'


@dataclass(frozen=True)
class Identification:
    """Who a query shows; ``print`` it.

    Attributes:
        query: Name of the query.
        name: Of the person, None if unknown.
        probability: That it is the most likely person of the gallery.
        unknown: Probability that it is none of them.
        hits: The nearest image of each of the most likely people, that one first.
    """

    query: str
    name: str | None
    probability: float
    unknown: float
    hits: tuple[Hit, ...]

    def __str__(self) -> str:
        if self.name is not None:
            answer = f'{self.name} (P = {self.probability:.2f})'
        elif self.hits:
            likely = f'most likely {self.hits[0].name}, P = {self.probability:.2f}'
            answer = f'unknown (P = {self.unknown:.2f}; {likely})'
        else:
            answer = 'unknown: it shows nothing that the gallery shows'
        return f'{self.query}: {answer}'
