"""Metrics of person re-identification."""

from .reid_metric import ReIDMetric

__all__ = ['ReIDMetric']
