"""Sphinx settings: ``pip install -e '.[mmcv-lite,docs]' && sphinx-build docs site``."""

import mmdrop

project = 'mmdrop'
release = mmdrop.__version__
extensions = ['myst_parser']
myst_heading_anchors = 3
html_theme = 'furo'
# Links from these pages into the rest of the repository are for readers of the source tree.
suppress_warnings = ['myst.xref_missing']
