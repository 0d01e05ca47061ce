"""Draws pedestrians in streets, with the label of every pixel; needs numpy and OpenCV only."""

from mmdrop.datasets.rendering.appearance import Appearance
from mmdrop.datasets.rendering.figure import FINE_PARTS, Figure
from mmdrop.datasets.rendering.pose import Pose
from mmdrop.datasets.rendering.street import Rendering, Street

__all__ = ['FINE_PARTS', 'Appearance', 'Figure', 'Pose', 'Rendering', 'Street']
