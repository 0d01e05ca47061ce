"""People one knows, and who of them an image shows."""

from .answers import Hit, Identification, SearchResult
from .gallery import Gallery

__all__ = ['Gallery', 'Hit', 'Identification', 'SearchResult']
