"""Rendered pedestrians in streets with the label of every pixel, and the data set made of them."""

from mmdrop.datasets.rendering.appearance import Appearance
from mmdrop.datasets.rendering.figure import FINE_PARTS, Figure
from mmdrop.datasets.rendering.pose import Pose
from mmdrop.datasets.rendering.street import Rendering, Street
from mmdrop.datasets.rendering.synthetic import SyntheticReID

__all__ = ['FINE_PARTS', 'Appearance', 'Figure', 'Pose', 'Rendering', 'Street', 'SyntheticReID']
