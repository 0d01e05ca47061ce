"""Pictures of answers: who an image shows, and what each part says."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from mmdrop.visualization.canvas import (
    FRAME,
    GAP,
    HOLLOW,
    INK,
    MATCH_COLOR,
    MISMATCH_COLOR,
    PAPER,
    QUERY_COLOR,
    UNKNOWN_COLOR,
    Color,
    beside,
    draw_cell,
    page,
    part_palette,
)
from mmdrop.visualization.drawing import overlay_parsing

_BAR, _STEP = 6, 8  # pixels of a bar, and from one to the next
_WHOLE: Color = (90, 90, 90)  # of embeddings that are of no part
_LEAST = 4.0  # log odds that fill half of the width, if none of the sheet is larger
_FRAMES = {None: UNKNOWN_COLOR, True: MATCH_COLOR, False: MISMATCH_COLOR}


def draw_answer_sheet(
    answers: Sequence[tuple[Mapping, Sequence[Mapping]]],
    embedding_names: Sequence[str],
    part_names: Sequence[str] = (),
    height: int = 192,
) -> np.ndarray:
    """Draw one row a query: the query, its parts, and what resembles it, with a bar for each part.

    A bar to the right is evidence for one person, to the left against; its length is the share of
    the part in the answer.  A part that one of the images hides is an empty mark.

    Args:
        answers: Pairs of a query and what was found for it, nearest first.  Each image is a
            mapping with ``image``, RGB ``(H, W, 3)``, and ``lines``, texts below it.  A query may
            have ``prediction``, its parsing ``(h, w)``; what was found has ``evidence``, one
            number for each of ``embedding_names``, None where it is not shared, and may have
            ``match``: the right person (green frame) or another one (red).
        embedding_names: Names of the embeddings that were compared.
        part_names: Names of the parts 1..K, for the legend.
        height: Height of each image in the picture, in pixels.

    Returns:
        Picture ``(H, W, 3)``, RGB uint8.

    Raises:
        ValueError: There is no answer to draw.
    """
    if not answers:
        raise ValueError('there is no answer to draw')
    colors = _colors(embedding_names)
    values = [
        abs(value)
        for _, found in answers
        for item in found
        for value in item['evidence']
        if value is not None
    ]
    largest = max([_LEAST, *values])
    rows = []
    for query, found in answers:
        cells = [_cell(query, QUERY_COLOR, height)]
        if query.get('prediction') is not None:
            parts = overlay_parsing(_scaled(query['image']), np.asarray(query['prediction']))
            cells.append(_cell({'image': parts, 'lines': ['parts']}, None, height))
        for item in found:
            frame = _FRAMES[item.get('match')]
            bars = [None if v is None else v / largest for v in item['evidence']]
            cells.append(_cell(item, frame, height, list(zip(bars, colors, strict=True))))
        rows.append(beside(cells))
    legend: list[tuple[str, Color | None]] = [
        (_label(name, part_names), color)
        for name, color in zip(embedding_names, colors, strict=True)
    ]
    return page(rows, [*legend, ('hidden in one of both', None)])


def _scaled(image: np.ndarray) -> np.ndarray:
    """Twice as large, so that borders of parts are smooth."""
    return np.asarray(image).repeat(2, 0).repeat(2, 1)


def _colors(names: Sequence[str]) -> list[Color]:
    places = [int(name.rpartition('_')[2]) if name.startswith('part_') else 0 for name in names]
    palette = part_palette(max([1, *places]))
    return [palette[place - 1] if place else _WHOLE for place in places]


def _label(name: str, part_names: Sequence[str]) -> str:
    number = name.rpartition('_')[2]
    if name.startswith('part_') and int(number) <= len(part_names):
        return str(part_names[int(number) - 1]).replace('_', ' ')
    return name.replace('_', ' ')


def _cell(
    item: Mapping,
    frame: Color | None,
    height: int,
    bars: Sequence[tuple[float | None, Color]] = (),
) -> np.ndarray:
    """An image in its frame, the bars below it, and lines of text."""
    first, *others = item.get('lines') or ['']
    picture = draw_cell(item['image'], first, frame, (), height)
    pieces = [picture]
    if bars:
        pieces.append(_draw_bars(bars, picture.shape[1]))
    for line in others:
        pieces.append(_text(line, picture.shape[1]))
    width = max(piece.shape[1] for piece in pieces)
    return np.concatenate([_widen(piece, width) for piece in pieces])


def _draw_bars(bars: Sequence[tuple[float | None, Color]], width: int) -> np.ndarray:
    canvas = Image.new('RGB', (width, _STEP * len(bars) + GAP // 2), PAPER)
    draw = ImageDraw.Draw(canvas)
    middle, half = width / 2, width / 2 - FRAME
    for i, (value, color) in enumerate(bars):
        top = _STEP * i
        if value is None:
            draw.rectangle((middle - 3, top, middle + 3, top + _BAR - 1), PAPER, HOLLOW)
            continue
        ends = sorted((middle, middle + half * max(-1.0, min(1.0, value))))
        draw.rectangle((round(ends[0]), top, round(ends[1]), top + _BAR - 1), fill=color)
    draw.line((middle, 0, middle, _STEP * len(bars) - 2), INK)
    return np.asarray(canvas)


def _text(line: str, width: int) -> np.ndarray:
    blank = np.full((1, width, 3), PAPER, np.uint8)
    return draw_cell(blank, line, None, (), 1)


def _widen(piece: np.ndarray, width: int) -> np.ndarray:
    left = (width - piece.shape[1]) // 2
    right = width - piece.shape[1] - left
    return np.pad(piece, ((0, 0), (left, right), (0, 0)), constant_values=255)
