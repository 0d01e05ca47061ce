"""Pages of rankings and parsed queries, as files."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.apis.images import Image
from mmdrop.visualization import draw_parsing_sheet, draw_ranking_sheet

ROWS_PER_SHEET = 8


def write_sheets(
    out_dir: str | os.PathLike,
    people: Sequence[Sequence[Image]],
    sets: Sequence[EmbeddingSet],
    indices: Tensor,
    distances: Tensor,
    pixels: Callable[[Image], np.ndarray],
) -> list[Path]:
    """Write pictures of rankings, and of the queries' parsing if there is any.

    Args:
        out_dir: Folder, made if need be.
        people: Query and gallery.
        sets: Their embeddings, row by row.
        indices: Into the gallery, ``(Q, topk)``.
        distances: Likewise.
        pixels: Reads a person, RGB ``(H, W, 3)``.

    Returns:
        The written files, ``ranking_0.png``, ``parsing_0.png`` … with eight queries each.

    Raises:
        OSError: A picture cannot be written.
    """
    queries, galleries = people
    shown, ranked = sets
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for page, start in enumerate(range(0, len(queries), ROWS_PER_SHEET)):
        rows = range(start, min(start + ROWS_PER_SHEET, len(queries)))
        rankings = [
            (
                dict(image=pixels(queries[i]), visibility=shown.visibility[i]),
                [
                    dict(
                        image=pixels(galleries[j]),
                        visibility=ranked.visibility[j],
                        distance=distance,
                    )
                    for j, distance in zip(indices[i], distances[i], strict=True)
                ],
            )
            for i in rows
        ]
        pictures = {'ranking': draw_ranking_sheet(rankings, shown.embedding_names)}
        if shown.parsing is not None:
            samples = [
                dict(image=query['image'], prediction=shown.parsing[i])
                for i, (query, _) in zip(rows, rankings, strict=True)
            ]
            pictures['parsing'] = draw_parsing_sheet(samples)
        for kind, picture in pictures.items():
            written.append(folder / f'{kind}_{page}.png')
            if not cv2.imwrite(str(written[-1]), picture[..., ::-1]):
                raise OSError(f'{written[-1]} cannot be written')
    return written
