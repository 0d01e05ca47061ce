"""Colours of streets and things, BGR."""

import numpy as np

BGR = tuple[int, int, int]


def tint(rng: np.random.Generator, low: int = 40, high: int = 210, spread: int = 38) -> BGR:
    """Draw a colour of brightness ``low`` to ``high``; ``spread`` makes it vivid."""
    colour = rng.uniform(low, high) + rng.uniform(-spread, spread, 3)
    blue, green, red = (int(c) for c in np.clip(colour, 10, 250))
    return blue, green, red


def scale_colour(colour: BGR, factor: float) -> BGR:
    """Brighten or darken a colour."""
    blue, green, red = (int(min(255, factor * c)) for c in colour)
    return blue, green, red
