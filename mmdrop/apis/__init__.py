"""What users call from Python: inference on own images, and looking at data sets and labels."""

from .browsing import browse_dataset, browse_labels
from .inferencer import ReIDInferencer

__all__ = ['ReIDInferencer', 'browse_dataset', 'browse_labels']
