"""Occlusion of photographs: drawn objects and people pasted over a person, and proxy benchmarks."""

from .occlude_person import OccludePerson
from .proxy import hash_images, image_checksum, occluded_images
from .random_occlusion import RandomOcclusion

__all__ = ['OccludePerson', 'RandomOcclusion', 'hash_images', 'image_checksum', 'occluded_images']
