"""Image sizes that a backbone cannot take, said before it fails somewhere inside."""

from mmpretrain.models import ConvNeXt, HRNet
from torch import nn


def check_image_size(backbone: nn.Module, height: int, width: int) -> None:
    """Check that the maps of a backbone fit each other at this size of images.

    HRNet adds maps that it halves, rounding up, and doubles again, so that sides at stride 4 must
    be multiples of 8. ConvNeXt rounds down and has no pixel left below 32.

    Raises:
        ValueError: They do not; the message names the nearest size that does.
    """
    sides = height, width
    hrnet = isinstance(backbone, HRNet) and any(-(-side // 4) % 8 for side in sides)
    if hrnet or (isinstance(backbone, ConvNeXt) and min(sides) < 32):
        near, across = (max(32, (side + 16) // 32 * 32) for side in sides)
        raise ValueError(
            f'images of {height}×{width} do not fit {type(backbone).__name__}: take multiples of '
            f'32, the nearest is {near}×{across}, as scale=({across}, {near}) of Resize in the '
            'training and the test pipeline'
        )
