"""How a training is told to read labels."""

import shlex

_PLACE = 'train_dataloader.dataset.pipeline'


def _arguments(root: str, suffix: str) -> dict[str, str]:
    """Type and arguments, but K, of the source that reads labels of this suffix."""
    if suffix == '.png':
        return dict(type='LoadParsingMap', root=root, suffix=suffix, mapping='limbs')
    return dict(type='LoadPifPafFields', root=root, suffix=suffix)


def source_options(root: str, suffix: str) -> str:
    """Options of the command line, for a recipe whose second transform reads published labels."""
    arguments = _arguments(root, suffix).items()
    return '--cfg-options ' + ' '.join(f'{_PLACE}.1.{k}={shlex.quote(v)}' for k, v in arguments)


def source_lines(root: str, suffix: str) -> list[str]:
    """Lines of a config."""
    arguments = _arguments(root, suffix)
    name = arguments.pop('type')
    text = ', '.join(f'{key}={value!r}' for key, value in arguments.items())
    return [
        f'from mmdrop.datasets import {name}',
        f'{_PLACE}[1] = dict(type={name}, {text}, num_parts=model.parsing_head.num_parts)',
    ]
