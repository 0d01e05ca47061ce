"""Embeddings of many people, in memory or in a file that is mapped into it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmdrop.apis.embedding_files import TENSORS, TEXTS, EmbeddingWriter, read_set
from mmdrop.apis.model_tag import ModelTag
from mmdrop.structures import ReIDDataSample, find_embeddings


@dataclass(frozen=True, eq=False)
class EmbeddingSet(Mapping):
    """Embeddings of N people by one model; also a mapping of those fields that are there.

    Attributes:
        names: N files, or names of arrays; ``'frame.jpg[0]'`` … for boxes of an image.
        embeddings: Float32 tensor ``(N, E, C)``, not normalised.
        visibility: Bool tensor ``(N, E)``.
        embedding_names: E names.
        visibility_score: Float32 tensor ``(N, E)`` in [0, 1]; None if the model gives none.
        parsing: Uint8 tensor ``(N, h, w)``, 0 background, 1..K parts; None if the model predicts
            none, or it was left out.
        boxes: Float32 tensor ``(N, 4)``, x1, y1, x2, y2 in pixels; NaN for an image of one person;
            None if no image had boxes.
        failed: From the name of an image that could not be read to the reason.
        model: Which model made them; None if nobody knows.
        people: Whom each shows, N names; None if nobody said.
        digests: Of the pixels that the network saw, N texts: equal images have equal ones.
        complete: False if the embedding of images was stopped before its end.
    """

    names: list[str]
    embeddings: Tensor
    visibility: Tensor
    embedding_names: tuple[str, ...]
    visibility_score: Tensor | None = None
    parsing: Tensor | None = None
    boxes: Tensor | None = None
    failed: dict[str, str] = field(default_factory=dict)
    model: ModelTag | None = None
    complete: bool = True
    people: tuple[str, ...] | None = None
    digests: tuple[str, ...] | None = None

    __eq__, __hash__ = object.__eq__, object.__hash__  # a set is equal to itself alone

    def __repr__(self) -> str:
        number, channels = self.embeddings.shape[1:]
        by = f' by {self.model.name}' if self.model else ''
        return f'<{len(self)} people, {number} embeddings of {channels} numbers{by}>'

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, key: str) -> Any:
        value = getattr(self, key, None) if isinstance(key, str) and key in self._keys() else None
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._keys() if getattr(self, key) is not None)

    def _keys(self) -> Sequence[str]:
        return tuple(self.__dataclass_fields__)

    @classmethod
    def from_result(cls, result: Mapping[str, Any]) -> 'EmbeddingSet':
        """A set from what an inferencer returned.

        Raises:
            ValueError: It is something else.
        """
        if isinstance(result, cls):
            return result
        lacking = {'embeddings', 'visibility', 'embedding_names'} - result.keys()
        if lacking:
            raise ValueError(f'not a result of an inferencer: it has no {sorted(lacking)}')
        known = {key: value for key, value in result.items() if key in cls.__dataclass_fields__}
        return cls(**{'names': [''] * len(result['embeddings'])} | known)

    def select(self, embeddings: Sequence[str], graded: bool = False) -> tuple[Tensor, Tensor]:
        """Named embeddings ``(N, E', C)``, and visibility or its score ``(N, E')``.

        Args:
            embeddings: Names, such as ``('foreground', 'parts')``.
            graded: Give the score.

        Raises:
            ValueError: An embedding or the score is not there.
        """
        columns = find_embeddings(embeddings, self.embedding_names)
        if graded and self.visibility_score is None:
            raise ValueError('graded matching needs a visibility_score, which these have not')
        visibility = self.visibility_score if graded else self.visibility
        assert visibility is not None
        return self.embeddings[:, columns], visibility[:, columns]

    def take(self, rows: Sequence[int]) -> 'EmbeddingSet':
        """Some rows, in the order given."""
        index = torch.as_tensor(rows, dtype=torch.long)
        tensors = {key: getattr(self, key) for key in TENSORS}
        tensors = {k: None if value is None else value[index] for k, value in tensors.items()}
        names = [self.names[row] for row in index.tolist()]
        texts = {key: getattr(self, key) for key in TEXTS}
        texts = {
            key: None if value is None else tuple(value[row] for row in index.tolist())
            for key, value in texts.items()
        }
        return replace(self, names=names, failed={}, **tensors, **texts)

    def with_people(self, people: Sequence[str], model: ModelTag) -> 'EmbeddingSet':
        """The same with the name of the person that each shows."""
        return replace(self, people=tuple(people), model=model)

    def names_of(self, embeddings: Sequence[str]) -> tuple[str, ...]:
        """Each embedding that names stand for, in the order of :meth:`select`.

        Raises:
            ValueError: One is not there.
        """
        return tuple(
            self.embedding_names[i] for i in find_embeddings(embeddings, self.embedding_names)
        )

    def to_samples(self) -> list[ReIDDataSample]:
        """One data sample for each person, as a model predicts them."""
        samples = []
        for i, name in enumerate(self.names):
            sample = ReIDDataSample(embeddings=self.embeddings[i], visibility=self.visibility[i])
            if self.visibility_score is not None:
                sample.visibility_score = self.visibility_score[i]
            if self.parsing is not None:
                sample.pred_sem_seg = self.parsing[i]
            sample.set_metainfo(dict(img_path=name, embedding_names=self.embedding_names))
            samples.append(sample)
        return samples

    def save(self, path: str | os.PathLike) -> Path:
        """Write ``path`` (``.safetensors``), and beside it names and facts as ``.json``.

        Raises:
            OSError: They cannot be written.
            ValueError: The file has another ending.
        """
        with EmbeddingWriter(path, self.model) as writer:
            writer.add(self)
            writer.failed.update(self.failed)
            writer.complete = self.complete
        return Path(path)

    @classmethod
    def open(cls, path: str | os.PathLike) -> 'EmbeddingSet':
        """Read a set; tensors are mapped, so that only what is used is read from the disk.

        Raises:
            FileNotFoundError: The file, or its ``.json``, is not there.
            ValueError: It is damaged, no set of embeddings, or of a later mmdrop.
        """
        return cls(**read_set(Path(path)))


def stack_sets(sets: Sequence[EmbeddingSet]) -> EmbeddingSet:
    """One set of several of one model, in their order.

    Raises:
        ValueError: There is none, or they are not of one model.
    """
    if not sets:
        raise ValueError('there is no set of embeddings')
    first = sets[0]
    for other in sets[1:]:
        if first.model and other.model:
            first.model.check_same(other.model)
        if other.embedding_names != first.embedding_names:
            raise ValueError('sets of embeddings hold different embeddings')
    tensors: dict[str, Tensor | None] = {}
    for key in TENSORS:
        values = [getattr(one, key) for one in sets]
        if key == 'boxes' and any(value is not None for value in values):
            values = [
                torch.full((len(one), 4), torch.nan) if one.boxes is None else one.boxes
                for one in sets
            ]
        tensors[key] = None if any(value is None for value in values) else torch.cat(values)
    if tensors['boxes'] is not None and len(tensors['boxes']) and tensors['boxes'].isnan().all():
        tensors['boxes'] = None
    texts: dict[str, tuple[str, ...] | None] = {}
    for key in TEXTS:
        lists = [getattr(one, key) for one in sets]
        known = all(one is not None for one in lists)
        texts[key] = tuple(text for one in lists for text in one) if known else None
    return EmbeddingSet(
        names=[name for one in sets for name in one.names],
        embedding_names=first.embedding_names,
        failed={name: reason for one in sets for name, reason in one.failed.items()},
        model=first.model,
        complete=all(one.complete for one in sets),
        **tensors,
        **texts,
    )
