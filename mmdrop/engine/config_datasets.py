"""What the data sets of a config are: those inside wrappers, their images, the input's size."""

import os
from collections.abc import Iterator

from mmengine.config import Config, ConfigDict

from mmdrop.registry import type_name

# Sets made of the images of another.
_ORIGINS = dict(occluded_duke='dukemtmc', p_dukemtmc='dukemtmc', occluded_market='market1501')


def inner_datasets(dataset: ConfigDict | None) -> Iterator[ConfigDict]:
    """The data sets inside wrappers such as ``ConcatDataset`` and ``JointReID``."""
    if dataset is None:
        return
    several = dataset.get('datasets', [])
    inner = [*(several.values() if isinstance(several, dict) else several)]
    inner += filter(None, [dataset.get('dataset')])
    for child in inner:
        yield from inner_datasets(child)
    if not inner:
        yield dataset


def is_trained_on(cfg: Config) -> bool:
    """Whether a set that the config trains on is of the same source as its test set.

    That is a public set of the same name, whatever the part and the folder, with Occluded-Duke and
    P-DukeMTMC counted as DukeMTMC-reID and Occluded-Market as Market-1501; a set in the same
    folder; or rendered images of one seed, which share the cameras.  Weights that a training
    starts from are not looked into.
    """
    trained = inner_datasets((cfg.get('train_dataloader') or {}).get('dataset'))
    sources = {source for dataset in trained for source in _sources(dataset)}
    tested = inner_datasets(cfg.test_dataloader.dataset)
    return any(source in sources for dataset in tested for source in _sources(dataset))


def _sources(dataset: ConfigDict) -> Iterator[tuple[str, object]]:
    if type_name(dataset) == 'SyntheticReID':
        yield 'seed', dataset.get('seed', 0)
    layout = dataset.get('layout')
    if layout not in (None, 'csv', 'folder'):
        yield 'layout', _ORIGINS.get(layout, layout)
    if dataset.get('data_root'):
        yield 'folder', os.path.realpath(dataset['data_root'])


def input_size(cfg: Config) -> tuple[int, int]:
    """Height and width to which the test pipeline brings its images.

    Raises:
        ValueError: It has no ``Resize``, and its images are not rendered at one size.
    """
    dataset = next(inner_datasets(cfg.test_dataloader.dataset))
    for step in dataset.get('pipeline', []):
        if type_name(step) == 'Resize':
            width, height = step['scale']
            return height, width
    if not dataset.get('image_size'):
        raise ValueError('the test pipeline has no Resize, which would say how large the input is')
    height, width = dataset['image_size']
    return height, width
