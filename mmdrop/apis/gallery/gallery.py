"""A gallery of people: add images, search, identify, save."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.apis.gallery.answers import Identification, SearchResult
from mmdrop.apis.gallery.comparing import Comparer
from mmdrop.apis.gallery.faiss_engine import FaissEngine
from mmdrop.apis.gallery.people import PeopleStore, check_name
from mmdrop.apis.images import Images
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.apis.verdict import fuse
from mmdrop.utils import list_image_files


class Gallery:
    """Images of people one knows, to be searched for those that another image shows.

    Ranking is by the distance of the model's recipe over what both images show. Without an engine
    it is exact: all images are compared.

    Args:
        model: Name of a model of :func:`list_models`, a model file, or an inferencer.
        engine: Finds the nearest images of a large gallery, see
            :class:`~mmdrop.apis.gallery.FaissEngine`; the exact distances of 200 or more of them
            decide.

    Raises:
        ValueError: There is an engine, and the recipe compares in a way that no index can.

    Attributes:
        inferencer: Embeds images.
    """

    def __init__(
        self,
        model: str | os.PathLike | ReIDInferencer = 'drop_lite0',
        engine: FaissEngine | None = None,
    ):
        known = isinstance(model, ReIDInferencer)
        self.inferencer: ReIDInferencer = model if known else ReIDInferencer(model)  # type: ignore
        rule = self.inferencer.matching
        if engine is not None and (rule.hidden != 'skip' or rule.graded):
            raise ValueError(
                f'no index ranks with hidden={rule.hidden!r} and graded={rule.graded}: leave the '
                'engine out'
            )
        self.engine = engine
        self._store = PeopleStore()
        self._comparers: dict[tuple[str, ...] | None, Comparer] = {}
        self._indexed = 0  # images that the engine has seen

    def __len__(self) -> int:
        """Number of images."""
        return len(self._store)

    def __repr__(self) -> str:
        return f'<Gallery of {len(self.people)} people in {len(self)} images>'

    @property
    def people(self) -> dict[str, int]:
        """Number of images of each person, sorted by name."""
        return dict(sorted(Counter(self._store.people).items()))

    def add(self, images: Images | Mapping, name: str) -> int:
        """Add images of a person, or their embeddings; those already there are passed over.

        Ctrl-C keeps what was embedded before it.

        Args:
            images: One or more, as an inferencer takes them, or what it returned for them.
            name: Of the person; any printable text.

        Returns:
            How many images are new.

        Raises:
            OSError: No image can be read.
            ValueError: There is no image, one is in the gallery under another name, the name is
                empty, or embeddings are those of another model.
        """
        check_name(name)
        if isinstance(images, Mapping):
            given = self.inferencer.own_set(images)
            return self._add(given, [name] * len(given))
        before = len(self)
        for piece in self.inferencer.embed_pieces(images):
            self._add(piece, [name] * len(piece))
        return len(self) - before

    def add_folder(self, folder: str | os.PathLike) -> dict[str, int]:
        """Add a folder of people: one folder for each, named as the person.

        Images that lie beside those folders are people of their own, named as the file without
        its extension. A second call adds what has come since.

        Args:
            folder: The folder.

        Returns:
            How many images of each person are new.

        Raises:
            FileNotFoundError: There is no such folder.
            ValueError: There is no image in it.
        """
        folder = Path(folder).expanduser()
        if not folder.is_dir():
            raise FileNotFoundError(f'{folder}: there is no such folder')
        owners: dict[str, str] = {}
        for file in list_image_files(folder, strict=False):
            inside = file.relative_to(folder).parts
            owners[str(file)] = inside[0] if len(inside) > 1 else file.stem
        if not owners:
            raise ValueError(f'{folder}: no image in this folder or below it')
        for name in owners.values():
            check_name(name)
        added: Counter[str] = Counter()
        for piece in self.inferencer.embed_pieces(list(owners)):
            people = [owners[image] for image in piece.names]
            before = len(self)
            self._add(piece, people)
            added.update(self._store.people[before:])
        return dict(sorted(added.items()))

    def remove(self, name: str | None = None, image: str | None = None) -> int:
        """Remove a person, or an image by its name; returns how many images went.

        Raises:
            KeyError: There is none of that name.
            ValueError: Neither is given.
        """
        if name is None and image is None:
            raise ValueError('give the name of a person or of an image to remove')
        self._comparers, self._indexed = {}, 0
        number = self._store.remove(
            lambda person, source: name in (None, person) and image in (None, source)
        )
        if not number:
            what = ' of '.join(repr(x) for x in (image, name) if x is not None)
            raise KeyError(f'the gallery holds no {what}')
        return number

    def search(
        self,
        query: Images | Mapping,
        topk: int = 10,
        parts: str | Sequence[str] | None = None,
        per: str = 'image',
        fused: bool = False,
    ) -> list[SearchResult]:
        """The images of the gallery that resemble each query most.

        Args:
            query: Images, or what the inferencer returned for them.
            topk: Hits of each.
            parts: What to compare: names of parts such as ``('torso', 'legs')``, of embeddings
                such as ``'part_3'``, or ``'foreground'``, ``'global'``, ``'parts'``. What the
                model's recipe compares if None.
            per: ``'image'``, or ``'person'``: the nearest image of each.
            fused: All queries show one person, and are one query together: each part is taken
                from where it is seen best.

        Raises:
            OSError: No query can be read.
            ValueError: The gallery is empty, or an argument is out of range.
        """
        if per not in ('image', 'person'):
            raise ValueError(f"per must be 'image' or 'person', got {per!r}")
        if topk < 1:
            raise ValueError(f'topk must be at least 1, got {topk}')
        comparer = self._comparer(parts)
        asked = self._asked(query, fused)
        return [
            comparer.search(asked.take([row]), topk, one_each=per == 'person')
            for row in range(len(asked))
        ]

    def identify(
        self,
        query: Images | Mapping,
        known: float = 0.5,
        least: float = 0.5,
        topk: int = 3,
        fused: bool = False,
    ) -> list[Identification]:
        """Who does each query show, if anybody of the gallery?

        The people of the gallery are taken to be equally likely. The evidence of the nearest
        image of each, and that none of them may be there, make the probability of each (Bayes).

        Args:
            query: Images, or what the inferencer returned for them.
            known: Probability, before the image is seen, that the gallery holds the person.
            least: Probability from which on a name is given.
            topk: Most likely people to tell of.
            fused: All queries show one person.

        Raises:
            OSError: No query can be read.
            ValueError: The gallery is empty, an argument is out of range, or nobody measured how
                sure the model may be.
        """
        if not 0 < known < 1 or not 0 <= least <= 1:
            raise ValueError(f'known and least are probabilities, got {known} and {least}')
        comparer = self._comparer(None)
        asked = self._asked(query, fused)
        return [
            comparer.identify(asked.take([row]), known, least, topk) for row in range(len(asked))
        ]

    def save(self, path: str | os.PathLike) -> Path:
        """Write ``….safetensors``, and beside it ``….json`` with names; returns the former.

        Raises:
            OSError: They cannot be written.
            ValueError: The gallery is empty, or the file has another ending.
        """
        people = tuple(self._store.people)
        return self._store.embedded.with_people(people, self.inferencer.tag).save(path)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike,
        model: str | os.PathLike | ReIDInferencer = 'drop_lite0',
        engine: FaissEngine | None = None,
    ) -> 'Gallery':
        """Read a gallery.

        Args:
            path: What :meth:`save` wrote.
            model: The model that it was made with.
            engine: As in the constructor.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, no gallery, or of another model or pre-processing.
        """
        embedded = EmbeddingSet.open(path)
        if embedded.people is None:
            raise ValueError(f'{path} holds embeddings without the names of people: no gallery')
        gallery = cls(model, engine)
        gallery.inferencer.own_set(embedded, f'the images of {path}')
        gallery._add(embedded, embedded.people)
        return gallery

    def _add(self, embedded: EmbeddingSet, people: Sequence[str]) -> int:
        self._comparers = {}
        return self._store.add(embedded, people)

    def _comparer(self, parts: str | Sequence[str] | None) -> Comparer:
        key = parts if parts is None else (parts,) if isinstance(parts, str) else tuple(parts)
        if key not in self._comparers:
            embedded = self._store.embedded
            if self.engine is not None and self._indexed != len(self):
                self._index(embedded)
            self._comparers[key] = Comparer(
                self.inferencer, embedded, self._store.people, key, self.engine
            )
        return self._comparers[key]

    def _index(self, embedded: EmbeddingSet) -> None:
        """Let the engine see the images that it has not seen."""
        assert self.engine is not None
        new = embedded.take(range(self._indexed, len(self)))
        chosen = new.select(self.inferencer.matching.embeddings)
        if self._indexed:
            self.engine.add(*chosen, self._indexed)
        else:
            self.engine.build(*chosen)
        self._indexed = len(self)

    def _asked(self, query: Images | Mapping, fused: bool) -> EmbeddingSet:
        if isinstance(query, Mapping):
            asked = self.inferencer.own_set(query, 'the queries')
        else:
            asked = self.inferencer.embed(query, parsing=False)
        return fuse(asked) if fused else asked
