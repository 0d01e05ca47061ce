"""What users call from Python: inference on own images, and looking at data sets and labels."""

from mmdrop.zoo import get_model, list_models

from .browsing import browse_dataset, browse_labels
from .inferencer import ReIDInferencer
from .packing import PackedModel, pack_model

__all__ = [
    'PackedModel',
    'ReIDInferencer',
    'browse_dataset',
    'browse_labels',
    'get_model',
    'list_models',
    'pack_model',
]
