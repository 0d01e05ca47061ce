"""Embed images of people with a trained model."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.infer import BaseInferencer
from mmengine.logging import print_log
from rich.console import Console
from rich.progress import track
from torch import Tensor

from mmdrop.apis.certainty import Certainty
from mmdrop.apis.embedding import Piece, Reader, embed_images, report_failed
from mmdrop.apis.embedding_files import EmbeddingWriter
from mmdrop.apis.embedding_set import EmbeddingSet, stack_sets
from mmdrop.apis.images import Image, Images, given_images, list_images
from mmdrop.apis.loading import model_name, tested_matching
from mmdrop.apis.model_tag import make_tag
from mmdrop.engine import image_steps, is_packed, load_trained_model
from mmdrop.preparation import find_model_groups
from mmdrop.registry import SCOPE
from mmdrop.structures import ReIDDataSample
from mmdrop.zoo import ModelList, list_models


class Embedder(BaseInferencer):
    """The part of :class:`~mmdrop.apis.ReIDInferencer` that makes embeddings; see there."""

    def __init__(
        self,
        model: str | os.PathLike | Config,
        weights: str | os.PathLike | None = None,
        device: str | None = None,
        batch_size: int = 32,
        num_workers: int | None = None,
        show_progress: bool = True,
    ):
        # MMEngine's own constructor knows no model files, and trusts every checkpoint.
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        if num_workers is None:
            num_workers = min(8, os.cpu_count() or 1)
        if num_workers < 0:
            raise ValueError(f'num_workers must be at least 0, got {num_workers}')
        self.batch_size, self.num_workers = batch_size, num_workers
        self.show_progress = show_progress
        self.scope = SCOPE
        trained = load_trained_model(model, weights)
        if weights is None and (isinstance(model, Config) or not is_packed(model)):
            message = 'ReIDInferencer has no weights: its embeddings are random'
            print_log(message, 'current', logging.WARNING)
        self.cfg = trained.config
        self.model = trained.model.to(device or get_device()).eval()
        self.matching = tested_matching(trained.config)
        known = trained.config.get('calibration')
        self.certainty = Certainty.from_dict(known) if known else None
        loaders, others = image_steps(trained.config)
        name = model_name(model, weights)
        self.tag = make_tag(name, trained.config, self.model, [*loaders, *others])
        self.pipeline = self._init_pipeline(trained.config)
        self._reader = Reader(trained.file_pipeline, trained.array_pipeline)

    def __call__(  # type: ignore[override]
        self,
        inputs: Images,
        return_datasamples: bool = False,
        batch_size: int | None = None,
        recursive: bool = False,
    ) -> dict[str, Any] | list[ReIDDataSample]:
        """Embed images; those that cannot be read are left out, and named.

        Args:
            inputs: The images.
            return_datasamples: Return data samples instead, with what the model predicts.
            batch_size: People that the model sees at once; that of the constructor if None.
            recursive: Look into the folders below a folder too.

        Returns:
            A dict of the fields of an :class:`EmbeddingSet`: ``names``, ``embeddings``,
            ``visibility``, ``embedding_names``, ``failed``, ``model`` and, where there are any,
            ``visibility_score``, ``parsing`` and ``boxes``. Tensors are on the CPU, in the order
            of ``names``, which is that of the input without what failed.

        Raises:
            FileNotFoundError: A file or folder is missing.
            OSError: No image can be read.
            TypeError: An entry is no path, array or Pillow image.
            ValueError: There is no image, an array is not one, or boxes are none.
        """
        embedded = self.embed(inputs, recursive=recursive, batch_size=batch_size)
        if return_datasamples:
            return embedded.to_samples()
        return self.postprocess(embedded)

    def embed(
        self,
        inputs: Images,
        out: str | os.PathLike | None = None,
        recursive: bool = False,
        parsing: bool | None = None,
        batch_size: int | None = None,
    ) -> EmbeddingSet:
        """Embed images as :meth:`__call__`, however many, if need be into a file.

        Args:
            inputs: The images.
            out: File to write, ``….safetensors``; beside it lies ``….json`` with the names. What
                is returned is then mapped from the file, and memory does not grow with the number
                of images. Ctrl-C leaves what was embedded, and says that it is not complete.
            recursive: Look into the folders below a folder too.
            parsing: Keep the predicted parts; if None, unless ``out`` is given.
            batch_size: People that the model sees at once; that of the constructor if None.

        Raises:
            FileNotFoundError: As :meth:`__call__`.
            OSError: Likewise, or the file cannot be written.
            TypeError: As :meth:`__call__`.
            ValueError: Likewise, or ``out`` has another ending.
        """
        parsing = out is None if parsing is None else parsing
        pieces = self._pieces(given_images(inputs, recursive), batch_size, parsing)
        if out is None:
            return self._gather(pieces)[0]
        with EmbeddingWriter(out, self.tag) as writer:
            for piece in pieces:
                writer.failed.update(piece.failed)
                if piece.rows:
                    writer.add(piece.fields)
            report_failed(writer.failed, len(writer.names))
            if not writer.names:
                writer.add(self.blank)
        return EmbeddingSet.open(out)

    def embed_pieces(self, inputs: Images, recursive: bool = False) -> Iterator[EmbeddingSet]:
        """Embed images batch by batch, without predicted parts; arguments as :meth:`embed`.

        Raises:
            OSError: As :meth:`embed`, at the end.
            ValueError: As :meth:`embed`.
        """
        failed: dict[str, str] = {}
        number = 0
        images = given_images(inputs, recursive)
        for piece in self._pieces(images, None, parsing=False):
            failed.update(piece.failed)
            number += len(piece.rows)
            if piece.rows:
                yield EmbeddingSet(**piece.fields, model=self.tag)
        report_failed(failed, number)

    def known_certainty(self) -> Certainty:
        """How sure the model may be of a match.

        Raises:
            ValueError: Nobody measured it.
        """
        if self.certainty is None:
            raise ValueError(
                f'nobody measured how sure {self.tag.name} may be of a match: calibrate_model does'
            )
        return self.certainty

    def own_set(self, result: Mapping[str, Any], what: str = 'embeddings') -> EmbeddingSet:
        """A result as a set of embeddings, if they are of this model.

        Raises:
            ValueError: They are of another model, or it is no result.
        """
        given = EmbeddingSet.from_result(result)
        if given.model is not None:
            self.tag.check_same(given.model, what)
        return given

    def read_pixels(self, person: Image) -> np.ndarray:
        """What the network sees of one person, RGB ``(H, W, 3)``.

        Raises:
            OSError: The image cannot be read.
        """
        [read] = self._reader(person)
        if read.packed is None:
            raise OSError(read.reason)
        return read.packed['inputs'].flip(0).permute(1, 2, 0).numpy()

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts 1..K; empty for a model without parser."""
        if not self.cfg.model.get('parsing_head'):
            return ()
        return tuple(find_model_groups(self.cfg, self.tag.name).part_names)

    def postprocess(  # type: ignore[override]
        self, preds: EmbeddingSet, visualization: Any = None, return_datasample: bool = False
    ) -> dict[str, Any]:
        """The fields of a set of embeddings that are there."""
        return {key: value for key, value in preds.items() if key != 'complete'}

    @staticmethod
    def list_models(*_: Any) -> ModelList:  # type: ignore[override]
        """Models that ship with mmdrop; ``print`` them for a table."""
        return list_models()

    def _init_pipeline(self, cfg: Config) -> Callable[[Any], dict[str, Any]]:
        return lambda item: self._reader.pack(*list_images(item))

    def _pieces(
        self, images: Sequence[Image] | Iterator[Image], batch_size: int | None, parsing: bool
    ) -> Iterator[Piece]:
        """Batches of embeddings, under a progress bar if there is more than one."""
        size = self.batch_size if batch_size is None else batch_size
        if size < 1:
            raise ValueError(f'batch_size must be at least 1, got {size}')
        total = len(images) if isinstance(images, Sequence) else None
        console = Console(stderr=True)
        watched: Iterable[Image] = images
        if self.show_progress and console.is_interactive and (total is None or total > size):
            watched = track(images, 'embedding', total, console=console, transient=True)
        return embed_images(
            watched, self._reader, self.model.test_step, size, self.num_workers, parsing
        )

    def _gather(self, pieces: Iterator[Piece]) -> tuple[EmbeddingSet, Tensor]:
        """The embeddings of all batches, and their places among the people given."""
        sets: list[EmbeddingSet] = []
        rows: list[int] = []
        failed: dict[str, str] = {}
        for piece in pieces:
            failed.update(piece.failed)
            rows += piece.rows
            if piece.rows:
                sets.append(EmbeddingSet(**piece.fields, model=self.tag))
        report_failed(failed, len(rows))
        stacked = stack_sets(sets or [self.blank])
        stacked.failed.update(failed)
        return stacked, torch.tensor(rows, dtype=torch.long)

    @property
    def blank(self) -> EmbeddingSet:
        """Embeddings of no people, as of a frame with no boxes."""
        blank = [Image('blank', np.zeros((2, 2, 3), np.uint8), np.array([[0.0, 0.0, 2.0, 2.0]]))]
        [piece] = embed_images(blank, self._reader, self.model.test_step, 1, 0)
        return EmbeddingSet(**piece.fields, model=self.tag).take([])
