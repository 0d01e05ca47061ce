"""Trained models that ship with mmdrop, and the files that hold them."""

from .building import build_model, full_precision, fuse_norms, get_model, open_model
from .cards import fill_card, pick_figures, read_results, write_results
from .index import ModelList, ZooModel, describe_unknown, find_model, has_model, list_models
from .metafile import describe_model, read_entry, replace_entry
from .model_file import SUFFIX, ModelFile, ModelInfo, read_model_file, to_half, write_model_file
from .registered import name_types, only_registered

__all__ = [
    'SUFFIX',
    'ModelFile',
    'ModelInfo',
    'ModelList',
    'ZooModel',
    'build_model',
    'describe_model',
    'describe_unknown',
    'fill_card',
    'find_model',
    'full_precision',
    'fuse_norms',
    'get_model',
    'has_model',
    'list_models',
    'name_types',
    'only_registered',
    'open_model',
    'pick_figures',
    'read_entry',
    'read_model_file',
    'read_results',
    'replace_entry',
    'to_half',
    'write_model_file',
    'write_results',
]
