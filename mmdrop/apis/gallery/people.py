"""The images of a gallery: whose they are, and that none is there twice."""

import hashlib
from collections.abc import Callable, Sequence

import torch

from mmdrop.apis.embedding_set import EmbeddingSet, stack_sets


class PeopleStore:
    """Embeddings of images and the names of the people that they show.

    Attributes:
        people: Name of the person of each row.
    """

    def __init__(self) -> None:
        self.people: list[str] = []
        self._chunks: list[EmbeddingSet] = []
        self._names: dict[bytes, str] = {}  # of an image's content, whose it is

    def __len__(self) -> int:
        return len(self.people)

    @property
    def embedded(self) -> EmbeddingSet:
        """All images, row by row.

        Raises:
            ValueError: There is none.
        """
        if not self._chunks:
            raise ValueError('the gallery holds no image: add some')
        if len(self._chunks) > 1:
            self._chunks = [stack_sets(self._chunks)]
        return self._chunks[0]

    def add(self, embedded: EmbeddingSet, people: Sequence[str]) -> int:
        """Add images; one that is already there under the same name is passed over.

        Args:
            embedded: The images.
            people: The name of each.

        Returns:
            How many were new.

        Raises:
            ValueError: A name is empty or holds control characters, or an image is there under
                another name; then nothing is added.
        """
        found: dict[bytes, str] = {}
        new: list[int] = []
        for row, name in enumerate(people):
            check_name(name)
            content = _digest(embedded, row)
            known = found.get(content, self._names.get(content))
            if known is None:
                found[content] = name
                new.append(row)
            elif known != name:
                raise ValueError(
                    f'{embedded.names[row]} is already in the gallery as an image of {known!r}, '
                    f'and cannot be one of {name!r} too'
                )
        if new:
            self._chunks.append(embedded.take(new))
            self.people += [people[row] for row in new]
            self._names |= found
        return len(new)

    def remove(self, drop: Callable[[str, str], bool]) -> int:
        """Remove the images for which ``drop(person, image)`` holds; returns how many."""
        if not self.people:
            return 0
        embedded = self.embedded
        keep = [
            row
            for row, (person, image) in enumerate(zip(self.people, embedded.names, strict=True))
            if not drop(person, image)
        ]
        number = len(self.people) - len(keep)
        kept, people = embedded.take(keep), [self.people[row] for row in keep]
        self.__init__()  # type: ignore[misc]
        self.add(kept, people)
        return number


def check_name(name: str) -> None:
    """Refuse what nobody could type again: no text, or control characters.

    Names are only ever written as text, never used as the name of a file.

    Raises:
        TypeError: It is no text.
        ValueError: It is empty, or holds control characters.
    """
    if not isinstance(name, str):
        raise TypeError(f'the name of a person is text, got {type(name).__name__}')
    if not name.strip() or not name.isprintable():
        raise ValueError(f'the name of a person is printable text, got {name!r}')


def _digest(embedded: EmbeddingSet, row: int) -> bytes:
    if embedded.digests is not None:
        return embedded.digests[row].encode()
    digest = hashlib.sha256(embedded.embeddings[row].contiguous().numpy().tobytes())
    digest.update(embedded.visibility[row].to(torch.uint8).numpy().tobytes())
    return digest.digest()
