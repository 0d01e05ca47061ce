"""How a training is told to read labels."""

import shlex

from mmdrop.datasets.parsing.part_groups import DEFAULT_GROUPS, PartGroups

_PLACE = 'train_dataloader.dataset.pipeline'


def _arguments(root: str, suffix: str, groups: PartGroups | None) -> dict[str, str]:
    """Type and arguments, but K, of the source that reads labels of this suffix."""
    arguments = dict(type='LoadPifPafFields', root=root, suffix=suffix)
    if suffix == '.png':
        arguments.update(type='LoadParsingMap', mapping='limbs')
    if groups is not None and DEFAULT_GROUPS.get(len(groups.parts)) != groups.name:
        arguments.update(groups=groups.name)
    return arguments


def source_options(root: str, suffix: str, groups: PartGroups | None = None) -> str:
    """Options of the command line, for a recipe whose second transform reads published labels.

    Args:
        root: Folder of the labels.
        suffix: Of the label files.
        groups: Table of parts that the labels fill; None if they fill any.
    """
    arguments = _arguments(root, suffix, groups).items()
    return '--cfg-options ' + ' '.join(f'{_PLACE}.1.{k}={shlex.quote(v)}' for k, v in arguments)


def source_lines(root: str, suffix: str, groups: PartGroups | None = None) -> list[str]:
    """Lines of a config, with the arguments of :func:`source_options`."""
    arguments = _arguments(root, suffix, groups)
    name = arguments.pop('type')
    text = ', '.join(f'{key}={value!r}' for key, value in arguments.items())
    return [
        f'from mmdrop.datasets import {name}',
        f'{_PLACE}[1] = dict(type={name}, {text}, num_parts=model.parsing_head.num_parts)',
    ]
