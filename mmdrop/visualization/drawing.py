"""Pictures of rankings and human parsing: RGB uint8 arrays in, one RGB uint8 array out."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from mmdrop.visualization.canvas import (
    GAP,
    IGNORED_COLOR,
    MATCH_COLOR,
    MISMATCH_COLOR,
    QUERY_COLOR,
    UNKNOWN_COLOR,
    Color,
    beside,
    draw_cell,
    page,
    part_palette,
    scale_to_height,
)

_FRAMES = (
    ('query', QUERY_COLOR),
    ('same identity', MATCH_COLOR),
    ('other identity', MISMATCH_COLOR),
    ('gallery', UNKNOWN_COLOR),
)


def overlay_parsing(image: np.ndarray, label_map: np.ndarray, alpha: float = 0.6) -> np.ndarray:
    """Tint the parts of an image; background pixels stay as they are.

    Args:
        image: ``(H, W, 3)``.
        label_map: ``(h, w)`` integers: 0 background, 1..K parts, 255 ignored (grey). Scaled to the
            image with nearest neighbours.
        alpha: Share of the part's colour, in [0, 1].
    """
    height, width = image.shape[:2]
    labels = cv2.resize(
        np.asarray(label_map).astype(np.uint8), (width, height), None, 0, 0, cv2.INTER_NEAREST
    )
    colors = np.array([(0, 0, 0), *part_palette(254), IGNORED_COLOR])[labels]
    tinted = np.rint((1 - alpha) * image + alpha * colors).astype(np.uint8)
    return np.where((labels > 0)[..., None], tinted, image)


def part_visibility(visibility: Any, embedding_names: Sequence[str]) -> list[bool]:
    """Visibility of the parts alone, from one flag for each of ``embedding_names``."""
    flags = zip(embedding_names, visibility, strict=True)
    return [bool(flag) for name, flag in flags if name.startswith('part_')]


def draw_ranking_sheet(
    rankings: Sequence[tuple[Mapping, Sequence[Mapping]]],
    embedding_names: Sequence[str] = (),
    part_names: Sequence[str] = (),
    height: int = 192,
) -> np.ndarray:
    """Draw one row a query: the query (blue), then its ranked gallery (as Fig. 3 of DROP).

    Args:
        rankings: Pairs of a query and its gallery, nearest first. Each image is a mapping with
            ``image``, ``(H, W, 3)``, and if known ``visibility``, one flag for each of
            ``embedding_names``, and ``pid``. Those of the gallery also have ``distance`` and if
            known ``match``: same identity (green frame) or another one (red); grey if unknown.
        embedding_names: Names of the embeddings; those that begin with ``part_`` get a square.
        part_names: Names of the parts 1..K for the legend.
        height: Height of each image in the picture, in pixels.
    """
    if not rankings:
        raise ValueError('there is no ranking to draw')
    names = list(embedding_names)
    rows, used = [], {QUERY_COLOR}
    for query, gallery in rankings:
        title = 'query' if query.get('pid') is None else f'query, id {query["pid"]}'
        cells = [draw_cell(query['image'], title, QUERY_COLOR, _squares(query, names), height)]
        for rank, item in enumerate(gallery, 1):
            match = item.get('match')
            frame = UNKNOWN_COLOR if match is None else MATCH_COLOR if match else MISMATCH_COLOR
            used.add(frame)
            caption = f'{rank}:  {float(item["distance"]):.3f}'
            cells.append(draw_cell(item['image'], caption, frame, _squares(item, names), height))
        rows.append(beside(cells))
    num_parts = sum(name.startswith('part_') for name in names)
    legend = [
        *((name, color) for name, color in _FRAMES if color in used),
        *_part_legend(num_parts, part_names),
    ]
    return page(rows, [*legend, ('part not visible', None)] if num_parts else legend)


def draw_ranking(
    query: Mapping,
    gallery: Sequence[Mapping],
    embedding_names: Sequence[str] = (),
    part_names: Sequence[str] = (),
    height: int = 192,
) -> np.ndarray:
    """Draw the ranking of one query; see :func:`draw_ranking_sheet`."""
    return draw_ranking_sheet([(query, gallery)], embedding_names, part_names, height)


def draw_parsing_sheet(
    samples: Sequence[Mapping],
    part_names: Sequence[str] = (),
    height: int = 256,
    alpha: float = 0.6,
    columns: int = 4,
) -> np.ndarray:
    """Draw parsing beside its image, for several images.

    Args:
        samples: Mappings with ``image``, ``(H, W, 3)``, if known ``prediction``, ``(h, w)``, and
            ``label``, ``(h', w')``, and if wanted ``caption``, text below the image.
        part_names: Names of the parts 1..K for the legend.
        height: Height of each image in the picture, in pixels.
        alpha: Share of the part's colour in the overlay, in [0, 1].
        columns: Samples in a row.
    """
    rows = [samples[i : i + columns] for i in range(0, len(samples), columns)]
    return draw_parsing_rows(rows, part_names, height, alpha)


def draw_parsing_rows(
    rows: Sequence[Sequence[Mapping]],
    part_names: Sequence[str] = (),
    height: int = 256,
    alpha: float = 0.6,
) -> np.ndarray:
    """Draw samples as :func:`draw_parsing_sheet` does, in rows of the caller's choice."""
    if not rows:
        raise ValueError('there is no parsing to draw')
    pictures, num_parts = [], len(part_names)
    for row in rows:
        groups = []
        for sample in row:
            image = scale_to_height(np.asarray(sample['image']), height)
            cells = [draw_cell(image, sample.get('caption', 'image'), height=height)]
            for key in ('prediction', 'label'):
                if sample.get(key) is None:
                    continue
                label_map = np.asarray(sample[key])
                num_parts = max(num_parts, int(label_map[label_map < 255].max(initial=0)))
                overlay = overlay_parsing(image, label_map, alpha)
                cells.append(draw_cell(overlay, key, height=height))
            groups.append(beside(cells, gap=3))
        pictures.append(beside(groups, 2 * GAP))
    return page(pictures, _part_legend(num_parts, part_names))


def draw_parsing(
    image: np.ndarray,
    prediction: np.ndarray,
    label: np.ndarray | None = None,
    part_names: Sequence[str] = (),
    height: int = 256,
    alpha: float = 0.6,
) -> np.ndarray:
    """Draw image, predicted parsing and, if given, its label; see :func:`draw_parsing_sheet`."""
    sample = dict(image=image, prediction=prediction, label=label)
    return draw_parsing_sheet([sample], part_names, height, alpha)


def _squares(entry: Mapping, embedding_names: Sequence[str]) -> list[bool]:
    visibility = entry.get('visibility')
    return [] if visibility is None else part_visibility(visibility, embedding_names)


def _part_legend(num_parts: int, part_names: Sequence[str]) -> list[tuple[str, Color | None]]:
    names = [*map(str, part_names), *(f'part {k + 1}' for k in range(len(part_names), num_parts))]
    return list(zip(names, part_palette(num_parts), strict=False))
