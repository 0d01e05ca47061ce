"""People one knows, and who of them an image shows."""

from .answers import Hit, Identification, SearchResult
from .faiss_engine import FaissEngine
from .gallery import Gallery
from .pictures import draw_answers

__all__ = ['FaissEngine', 'Gallery', 'Hit', 'Identification', 'SearchResult', 'draw_answers']
