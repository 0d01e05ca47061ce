"""Which models ship with mmdrop, as its metafile says."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import mmdrop
from mmdrop.utils import plain_table
from mmdrop.zoo.model_file import ModelFile, read_model_file

# `Weights` of the metafile begin at the folder of the package `mmdrop`.
ROOT = Path(mmdrop.__file__).parent.parent
METAFILE = Path(mmdrop.__file__).parent / 'configs' / 'metafile.yml'


@dataclass(frozen=True)
class ZooModel:
    """A model of the metafile that has weights.

    Attributes:
        name: For :func:`get_model` and :class:`ReIDInferencer`.
        file: Its weights.
        sha256: Of the file.
        input_size: Height × width of the network's input.
        embeddings: Number × channels of the embeddings of an image.
        training_sets: Data sets whose images and identities it has seen.
        results: Data set and figures, in percent, of each test.
        terms: What the training data allow the weights to be used for.
    """

    name: str
    file: Path
    sha256: str
    input_size: str
    embeddings: str
    training_sets: tuple[str, ...]
    results: tuple[tuple[str, Mapping[str, float]], ...]
    terms: str

    @property
    def size(self) -> int:
        """Bytes of the file, 0 if it is not there."""
        return self.file.stat().st_size if self.file.is_file() else 0

    def open(self) -> ModelFile:
        """Read and check the file.

        Raises:
            FileNotFoundError: It is not there.
            ValueError: It is damaged.
        """
        return read_model_file(self.file, self.sha256)


class ModelList(tuple[ZooModel, ...]):
    """Models as a table: one line for each test of a model."""

    def __str__(self) -> str:
        cells = [['name', 'file', 'input', 'embeddings', 'trained on', 'tested on', 'R1 / mAP', '']]
        for model in self:
            own = [
                model.name,
                f'{model.size / 1e6:.1f} MB' if model.size else 'missing',
                model.input_size,
                model.embeddings,
                ', '.join(model.training_sets),
            ]
            for dataset, figures in model.results or (('–', {}),):
                shown = [f'{figures[key]:.1f}' for key in ('Rank-1', 'mAP') if key in figures]
                cells.append([*own, dataset, ' / '.join(shown) or '–', model.terms])
                own = [''] * len(own)
        return plain_table(cells)

    __repr__ = __str__


def list_models() -> ModelList:
    """Models that ship with mmdrop; ``print`` them for a table."""
    return ModelList(map(_read_entry, _entries()))


def find_model(name: str) -> ZooModel:
    """The model of this name.

    Raises:
        ValueError: There is none; the message names those that there are.
    """
    for entry in _entries():
        if entry['Name'] == name:
            return _read_entry(entry)
    raise ValueError(f'{name}: {describe_unknown(name)}')


def has_model(name: str) -> bool:
    """Whether a model of this name ships with mmdrop."""
    return any(entry['Name'] == name for entry in _entries())


def describe_unknown(name: str) -> str:
    """What to say of a name that is no model's: those that there are, and similar ones."""
    names = [entry['Name'] for entry in _entries()]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    text = f'no model of the zoo, which has {", ".join(names) or "none"}'
    return text + (f'; did you mean {close[0]}?' if close else '')


def _entries() -> list[dict[str, Any]]:
    """Entries of the metafile that have weights."""
    models = yaml.safe_load(METAFILE.read_text(encoding='utf-8'))['Models']
    return [entry for entry in models if 'Weights' in entry]


def _read_entry(entry: Mapping[str, Any]) -> ZooModel:
    facts = entry['Metadata']
    sets = facts['Training Data']
    return ZooModel(
        name=entry['Name'],
        file=ROOT / entry['Weights'],
        sha256=facts['SHA256'],
        input_size=facts['Input Size'],
        embeddings=facts['Embeddings'],
        training_sets=(sets,) if isinstance(sets, str) else tuple(sets),
        results=tuple(
            (result['Dataset'], dict(result['Metrics'])) for result in entry.get('Results', ())
        ),
        terms=facts.get('Terms', ''),
    )
