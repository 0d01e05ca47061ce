"""Building blocks of the pictures: colours, framed cells, rows and pages."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]

QUERY_COLOR: Color = (33, 111, 219)
MATCH_COLOR: Color = (38, 166, 76)
MISMATCH_COLOR: Color = (217, 48, 56)
UNKNOWN_COLOR: Color = (150, 150, 150)
IGNORED_COLOR: Color = (128, 128, 128)
PART_COLORS: tuple[Color, ...] = (
    (255, 112, 67),
    (255, 202, 40),
    (38, 198, 218),
    (63, 97, 200),
    (156, 204, 60),
    (0, 137, 108),
    (240, 128, 190),
    (136, 66, 180),
)
INK, PAPER, HOLLOW = (45, 45, 45), (255, 255, 255), (178, 178, 178)
FRAME, GAP, MARGIN, SQUARE, TEXT = 5, 10, 14, 13, 15  # pixels


def part_palette(num_parts: int) -> list[Color]:
    """Colour of each part 1..K; the first eight do not depend on ``num_parts``."""
    # Golden-ratio steps keep the hues of any number of further parts apart.
    hues = [(0.11 + 0.618034 * i) % 1 for i in range(max(num_parts - len(PART_COLORS), 0))]
    more = [tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue, 0.6, 0.7)) for hue in hues]
    return [*PART_COLORS, *more][:num_parts]


def scale_to_height(image: np.ndarray, height: int) -> np.ndarray:
    """Resize an ``(H, W, 3)`` image to ``height``, keeping its aspect ratio."""
    image = np.ascontiguousarray(image)  # OpenCV takes no negative strides
    width = max(round(image.shape[1] * height / image.shape[0]), 1)
    shrinks = height < image.shape[0]
    return cv2.resize(
        image, (width, height), None, 0, 0, cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )


def draw_cell(
    image: np.ndarray,
    caption: str,
    frame: Color | None = None,
    visible: Sequence[bool] = (),
    height: int = 192,
) -> np.ndarray:
    """Draw an image in its frame, then one square a part (hollow: not visible), then a caption.

    Args:
        image: ``(H, W, 3)``.
        caption: Short text below.
        frame: Colour of the frame; no frame without.
        visible: One flag a part.
        height: Height of the image in the picture.
    """
    image = scale_to_height(image, height)
    border = FRAME if frame else 0
    framed = image.shape[1] + 2 * border
    width = max(framed, round(_font().getlength(caption)))
    left = (width - framed) // 2
    strip = SQUARE + 5 if visible else 0
    text_top = height + 2 * border + strip + 3
    canvas = Image.new('RGB', (width, text_top + TEXT + 4), PAPER)
    draw = ImageDraw.Draw(canvas)
    if frame:
        draw.rectangle((left, 0, left + framed - 1, height + 2 * border - 1), fill=frame)
    canvas.paste(Image.fromarray(image), (left + border, border))
    if visible:
        pitch = min(framed / len(visible), SQUARE + 4)
        left = (width - pitch * len(visible)) / 2
        for i, (color, seen) in enumerate(zip(part_palette(len(visible)), visible, strict=True)):
            x, side = round(left + pitch * i), max(min(SQUARE, int(pitch) - 2), 3)
            _square(draw, x, height + 2 * border + 5, side, color if seen else None)
    draw.text((width / 2, text_top), caption, INK, _font(), anchor='ma')
    return np.asarray(canvas)


def beside(pictures: Sequence[np.ndarray], gap: int = GAP) -> np.ndarray:
    """Put pictures side by side on white paper, their upper edges aligned."""
    height = max(picture.shape[0] for picture in pictures)
    width = sum(picture.shape[1] + gap for picture in pictures) - gap
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    x = 0
    for picture in pictures:
        canvas[: picture.shape[0], x : x + picture.shape[1]] = picture
        x += picture.shape[1] + gap
    return canvas


def page(rows: Sequence[np.ndarray], legend: Sequence[tuple[str, Color | None]]) -> np.ndarray:
    """Stack rows on white paper, above a legend that wraps at the page's width."""
    font = _font()
    widths = [round(font.getlength(name)) + SQUARE + 24 for name, _ in legend]
    inner = max([*(row.shape[1] for row in rows), *widths])
    spots, x, line = [], 0, 0
    for width in widths:
        if x and x + width > inner:
            x, line = 0, line + 1
        spots.append((x, line))
        x += width
    top = MARGIN + sum(row.shape[0] + GAP for row in rows)
    bottom = top + ((line + 1) * (TEXT + 8) if legend else 0)
    canvas = Image.new('RGB', (inner + 2 * MARGIN, bottom + MARGIN - GAP // 2), PAPER)
    draw = ImageDraw.Draw(canvas)
    y = MARGIN
    for row in rows:
        canvas.paste(Image.fromarray(row), (MARGIN, y))
        y += row.shape[0] + GAP
    for (name, color), (x, line) in zip(legend, spots, strict=True):
        y = top + line * (TEXT + 8)
        _square(draw, MARGIN + x, y + 2, SQUARE, color)
        draw.text((MARGIN + x + SQUARE + 6, y + 1 + SQUARE / 2), name, INK, font, anchor='lm')
    return np.asarray(canvas)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(TEXT)


def _square(draw: ImageDraw.ImageDraw, x: int, y: int, side: int, color: Color | None) -> None:
    box = (x, y, x + side - 1, y + side - 1)
    draw.rectangle(box, fill=color or PAPER, outline=color or HOLLOW)
