"""What makes an identity: body, clothes and belongings, drawn from short lists of colours."""

from dataclasses import dataclass

import numpy as np

from mmdrop.datasets.rendering.colours import BGR

# Few colours, unevenly likely: many identities share a shirt or trousers and differ in details.
TOPS: tuple[BGR, ...] = (
    (44, 40, 38), (232, 232, 228), (110, 60, 38), (140, 140, 138), (48, 42, 178), (176, 112, 58),
    (78, 118, 62), (92, 190, 226), (170, 130, 226), (132, 160, 186),
)  # fmt: skip
BOTTOMS: tuple[BGR, ...] = (
    (42, 38, 36), (104, 66, 44), (160, 118, 84), (122, 122, 120), (126, 164, 192), (58, 84, 78),
)  # fmt: skip
SHOES: tuple[BGR, ...] = (
    (36, 34, 34), (236, 236, 236), (52, 44, 190), (48, 84, 128), (190, 120, 50),
)  # fmt: skip
BAGS: tuple[BGR, ...] = (
    (40, 38, 38), (50, 44, 170), (140, 84, 40), (56, 104, 150), (80, 130, 70), (60, 170, 225),
)  # fmt: skip
HAIR: tuple[BGR, ...] = (
    (28, 24, 24), (30, 40, 58), (44, 66, 102), (96, 158, 204), (158, 158, 160), (40, 66, 138),
)  # fmt: skip
SKIN: tuple[BGR, ...] = ((176, 200, 236), (140, 172, 218), (104, 138, 188), (58, 82, 124))
PATTERNS = ('plain', 'rows', 'columns', 'checks', 'block', 'logo', 'jacket')


@dataclass(frozen=True)
class Appearance:
    """Everything that stays the same over all images of one identity.

    ``height`` and ``build`` scale the body's height and width. ``top_pattern`` is one of
    ``PATTERNS``, ``bottom`` one of trousers, shorts and skirt, ``bag`` one of none, backpack,
    handbag and shoulder bag.
    """

    height: float
    build: float
    skin: BGR
    hair: BGR
    long_hair: bool
    hat: BGR | None
    top: BGR
    top_second: BGR
    top_pattern: str
    long_sleeves: bool
    untucked: float
    bottom: str
    bottom_colour: BGR
    bottom_stripe: BGR | None
    shoes: BGR
    bag: str
    bag_colour: BGR

    @classmethod
    def draw(cls, rng: np.random.Generator) -> 'Appearance':
        """Draw one appearance."""

        def pick(colours: tuple[BGR, ...], slope: float = 0.12) -> BGR:
            weights = np.exp(-slope * np.arange(len(colours)))
            return colours[rng.choice(len(colours), p=weights / weights.sum())]

        top = pick(TOPS)
        return cls(
            height=rng.uniform(0.93, 1.07),
            build=rng.uniform(0.86, 1.18),
            skin=pick(SKIN, 0.3),
            hair=pick(HAIR, 0.35),
            long_hair=bool(rng.random() < 0.4),
            hat=pick(BAGS) if rng.random() < 0.2 else None,
            top=top,
            top_second=pick(tuple(colour for colour in TOPS if colour != top)),
            top_pattern=str(rng.choice(PATTERNS, p=(0.28, 0.14, 0.08, 0.1, 0.12, 0.14, 0.14))),
            long_sleeves=bool(rng.random() < 0.5),
            untucked=rng.choice((0.15, 0.5)),
            bottom=str(rng.choice(('trousers', 'shorts', 'skirt'), p=(0.6, 0.22, 0.18))),
            bottom_colour=pick(BOTTOMS),
            bottom_stripe=pick(TOPS[1:], 0) if rng.random() < 0.15 else None,
            shoes=pick(SHOES),
            bag=str(
                rng.choice(('none', 'backpack', 'handbag', 'shoulder'), p=(0.4, 0.25, 0.18, 0.17))
            ),
            bag_colour=pick(BAGS),
        )
