"""What users call from Python: inference on own images, and looking at data sets and labels."""

from mmdrop.zoo import get_model, list_models

from .browsing import browse_dataset, browse_labels
from .calibrating import calibrate, calibrate_model
from .certainty import Certainty
from .embedding_set import EmbeddingSet
from .gallery import Gallery
from .inferencer import ReIDInferencer
from .packing import PackedModel, pack_model

__all__ = [
    'Certainty',
    'EmbeddingSet',
    'Gallery',
    'PackedModel',
    'ReIDInferencer',
    'browse_dataset',
    'browse_labels',
    'calibrate',
    'calibrate_model',
    'get_model',
    'list_models',
    'pack_model',
]
