"""Occluded person re-identification with DROP (arXiv 2401.18032) on MMEngine."""

__version__ = '0.1.0'
