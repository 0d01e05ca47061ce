"""Files of embeddings: written piece by piece, mapped when read, so memory does not grow."""

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mmdrop.apis.model_tag import ModelTag
from mmdrop.utils import whole_file, write_atomically

SUFFIX = '.safetensors'
TENSORS = ('embeddings', 'visibility', 'visibility_score', 'parsing', 'boxes')
TEXTS = ('people', 'digests')  # one for each row, if they are known
_MUST = {'embeddings', 'visibility'}
_FORMAT = 'mmdrop-embeddings-1'
_FACTS = ('names', 'embedding_names', 'failed', 'model', 'complete', 'id')
_DTYPES = {torch.float32: 'F32', torch.uint8: 'U8', torch.bool: 'BOOL'}


class EmbeddingWriter:
    """Context in which pieces are added; at its end the files are there, whole.

    After an error nothing is written.  After Ctrl-C what was added is, marked as incomplete.

    Args:
        path: The file, ``….safetensors``; its folder is made.
        model: Which model makes the embeddings.

    Raises:
        OSError: The folder cannot be made, or cannot be written to.
        ValueError: The file has another ending.
    """

    def __init__(self, path: str | os.PathLike, model: ModelTag | None = None):
        self.path = Path(path)
        if self.path.suffix != SUFFIX:
            raise ValueError(f'embeddings are written to a file named …{SUFFIX}, got {path}')
        self.model = model
        self.complete = True
        self.texts: dict[str, list[str] | None] = {}
        self.names: list[str] = []
        self.failed: dict[str, str] = {}
        self._embedding_names: tuple[str, ...] = ()
        self._files: dict[str, BinaryIO] = {}
        self._kinds: dict[str, tuple[torch.dtype, tuple[int, ...]]] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Beside the file: the disk that is to hold it has room for it.
        self._folder = tempfile.TemporaryDirectory(
            prefix=f'.{self.path.name}.', dir=self.path.parent, ignore_cleanup_errors=True
        )

    def __enter__(self) -> 'EmbeddingWriter':
        return self

    def add(self, piece: Mapping[str, Any]) -> None:
        """Add people: ``names``, ``embedding_names`` and the tensors of an ``EmbeddingSet``.

        Raises:
            ValueError: Other fields or shapes than those of the pieces before.
        """
        # The widest numbers first, so that each tensor lies at a multiple of their size.
        tensors = {key: piece[key] for key in TENSORS if key in piece}
        keys = sorted(tensors, key=lambda key: -tensors[key].element_size())
        kinds = {key: (tensors[key].dtype, tuple(tensors[key].shape[1:])) for key in keys}
        if not self._files:
            self._kinds, self._embedding_names = kinds, tuple(piece['embedding_names'])
            for key in keys:
                self._files[key] = open(Path(self._folder.name, key), 'wb')  # noqa: SIM115
        if kinds != self._kinds or tuple(piece['embedding_names']) != self._embedding_names:
            raise ValueError(f'a piece of another kind: {kinds} instead of {self._kinds}')
        for key in keys:
            self._files[key].write(_bytes(tensors[key]))
        for key in TEXTS:
            if not self.names:
                self.texts[key] = []
            kept = self.texts[key]
            if kept is None or key not in piece:
                self.texts[key] = None  # known of all, or left out
            else:
                kept.extend(piece[key])
        self.names += piece['names']

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            for file in self._files.values():
                file.close()
            if kind is KeyboardInterrupt:
                self.complete = False
            if kind in (None, KeyboardInterrupt) and self._files:
                self._write()
        finally:
            self._folder.cleanup()

    def _write(self) -> None:
        identity = uuid.uuid4().hex  # a kill between the two files is noticed by it
        with whole_file(self.path) as target:
            target.write(self._header(identity))
            for key in self._kinds:
                with open(Path(self._folder.name, key), 'rb') as source:
                    shutil.copyfileobj(source, target, 2**22)
        facts: dict[str, Any] = dict(
            format=_FORMAT,
            id=identity,
            model=self.model.to_dict() if self.model else None,
            embedding_names=list(self._embedding_names),
            complete=self.complete,
            names=self.names,
            failed=self.failed,
            **self.texts,
        )
        text = json.dumps(facts, ensure_ascii=False, indent=1)
        write_atomically(self.path.with_suffix('.json'), text + '\n')

    def _header(self, identity: str) -> bytes:
        """Of the safetensors format: a length, and the places of the tensors as JSON."""
        places: dict[str, Any] = {'__metadata__': {'format': _FORMAT, 'id': identity}}
        start = 0
        for key, (dtype, shape) in self._kinds.items():
            size = Path(self._folder.name, key).stat().st_size
            places[key] = dict(
                dtype=_DTYPES[dtype],
                shape=[len(self.names), *shape],
                data_offsets=[start, start + size],
            )
            start += size
        text = json.dumps(places).encode()
        text += b' ' * (-len(text) % 8)
        return len(text).to_bytes(8, 'little') + text


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()


def read_set(path: Path) -> dict[str, Any]:
    """Fields of an ``EmbeddingSet`` file; tensors are mapped.

    Raises:
        FileNotFoundError: The file, or its ``.json``, is not there.
        ValueError: It is damaged, no set of embeddings, or of a later mmdrop.
    """
    facts = _read_facts(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there is no such file of embeddings')
    try:
        with safe_open(path, 'pt') as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys() if key in TENSORS}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f'{path} cannot be read as a safetensors file: {error}') from error
    texts = {key: tuple(facts[key]) for key in TEXTS if facts.get(key) is not None}
    lists = [facts['names'], *tensors.values(), *texts.values()]
    sizes = {len(rows) for rows in lists}
    if metadata.get('id') != facts['id'] or len(sizes) > 1 or _MUST - tensors.keys():
        raise ValueError(
            f'{path} and {path.with_suffix(".json").name} do not belong together: embed the images '
            'again'
        )
    if 'boxes' in tensors and facts['names'] and tensors['boxes'].isnan().all():
        del tensors['boxes']  # no image had any
    model = facts['model']
    return dict(
        names=facts['names'],
        embedding_names=tuple(facts['embedding_names']),
        failed=facts['failed'],
        model=ModelTag.from_dict(model) if model else None,
        complete=facts['complete'],
        **texts,
        **tensors,
    )


def _read_facts(path: Path) -> dict[str, Any]:
    if path.suffix != SUFFIX:
        raise ValueError(f'embeddings lie in a file named …{SUFFIX}, got {path}')
    beside = path.with_suffix('.json')
    try:
        facts = json.loads(beside.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        missing = f'{beside}, the names of {path.name}, is not there' if path.is_file() else path
        raise FileNotFoundError(f'{missing}: there is no such file of embeddings') from error
    except ValueError as error:
        raise ValueError(f'{beside} is damaged: {error}') from error
    kind = facts.get('format') if isinstance(facts, dict) else None
    if kind != _FORMAT:
        raise ValueError(f'{beside} is of the format {kind!r} and not {_FORMAT!r}')
    lacking = [key for key in _FACTS if key not in facts]
    if lacking:
        raise ValueError(f'{beside} is damaged: it has no {", ".join(lacking)}')
    return facts
