"""Pictures of what a gallery answered."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmdrop.apis.embedder import Embedder
from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.apis.gallery.answers import Hit, Identification, SearchResult
from mmdrop.apis.images import Image
from mmdrop.apis.verdict import PartEvidence
from mmdrop.visualization import draw_answer_sheet

_BOX = re.compile(r'\[\d+\]$')
_LONGEST = 22  # characters of a name below an image


def draw_answers(
    inferencer: Embedder,
    queries: EmbeddingSet,
    results: Sequence[SearchResult],
    identified: Sequence[Identification] | None = None,
) -> np.ndarray:
    """Draw each query with its parts, its hits, and a bar for what each part says.

    Images are read again from their files; a grey field stands for what is no file, or is gone.

    Args:
        inferencer: Reads images.
        queries: That were searched for.
        results: One for each query, with one hit or more.
        identified: Who each query shows, if that was asked.

    Returns:
        Picture ``(H, W, 3)``, RGB uint8.

    Raises:
        ValueError: There is no result with a hit.
    """
    answers: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    names: tuple[str, ...] = ()
    for row, result in enumerate(results):
        if not result.hits:
            continue
        box = None if queries.boxes is None else tuple(queries.boxes[row].tolist())
        lines = [_short(result.query)]
        if identified is not None:
            one = identified[row]
            lines += (
                [f'unknown, P = {one.unknown:.2f}']
                if one.name is None
                else [_cut(one.name), f'P = {one.probability:.2f}']
            )
        query: dict[str, Any] = dict(image=_read(inferencer, result.query, box), lines=lines)
        if queries.parsing is not None:
            query['prediction'] = queries.parsing[row].numpy()
        names = tuple(part.name for part in result.hits[0].parts)
        answers.append((query, [_describe(inferencer, hit) for hit in result.hits]))
    return draw_answer_sheet(answers, names, inferencer.part_names)


def _describe(inferencer: Embedder, hit: Hit) -> dict[str, Any]:
    lines = [_cut(hit.name), f'distance {hit.distance:.2f}']
    if hit.probability is not None:
        lines.append(f'P = {hit.probability:.2f}')
    evidence = [None if part.distance is None else _weight(part) for part in hit.parts]
    return dict(image=_read(inferencer, hit.image, hit.box), lines=lines, evidence=evidence)


def _weight(part: PartEvidence) -> float:
    """Log odds of a shared part; where nobody measured them, how much nearer than a right angle."""
    assert part.distance is not None
    return part.log_odds if part.log_odds is not None else 4 * (1 - part.distance / 2**0.5)


def _read(inferencer: Embedder, name: str, box: tuple[float, ...] | None) -> np.ndarray:
    boxed = box is not None and not np.isnan(box).any()
    path = _BOX.sub('', name) if boxed else name
    if not os.path.isfile(path):
        return np.full((128, 64, 3), 200, np.uint8)
    boxes = np.array([box]) if boxed else None
    try:
        return inferencer.read_pixels(Image(name, path, boxes))
    except OSError:
        return np.full((128, 64, 3), 200, np.uint8)


def _short(name: str) -> str:
    return _cut(Path(name).name)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f'…{name[1 - _LONGEST :]}'
