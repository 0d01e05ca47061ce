from .browsing import browse_dataset, browse_labels
from .inferencer import ReIDInferencer

__all__ = ['ReIDInferencer', 'browse_dataset', 'browse_labels']
