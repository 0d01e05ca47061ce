"""The demo with a parsing neck from another package."""

from example_plugin.necks import FinestLevel
from mmengine.config import read_base

with read_base():
    from mmdrop.configs.drop_demo import *

model.parsing_neck = dict(
    type=FinestLevel,
    in_channels=model.parsing_neck.in_channels[0],
    out_channels=model.parsing_neck.out_channels,
)
