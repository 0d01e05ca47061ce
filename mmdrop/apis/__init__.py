"""What users call from Python: inference on own images, and looking at data sets and labels."""

from mmdrop.zoo import get_model, list_models

from .browsing import browse_dataset, browse_labels
from .embedding_set import EmbeddingSet
from .inferencer import ReIDInferencer
from .packing import PackedModel, pack_model

__all__ = [
    'EmbeddingSet',
    'PackedModel',
    'ReIDInferencer',
    'browse_dataset',
    'browse_labels',
    'get_model',
    'list_models',
    'pack_model',
]
