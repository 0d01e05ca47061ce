"""Metrics of person re-identification and parsing."""

from .parsing_metric import ParsingMetric
from .reid_metric import ReIDMetric

__all__ = ['ParsingMetric', 'ReIDMetric']
