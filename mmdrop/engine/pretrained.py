"""Pretrained weights, checked before a run starts."""

from collections.abc import Iterator

from mmengine.config import ConfigDict
from mmengine.runner.checkpoint import CheckpointLoader


def check_pretrained(model: ConfigDict) -> None:
    """Read every pretrained checkpoint that a model config names.

    Args:
        model: The model's config.

    Raises:
        RuntimeError: A checkpoint cannot be read; the message names it and its config key.
    """
    for key, source in _pretrained(model, 'model'):
        try:
            CheckpointLoader.load_checkpoint(source, map_location='cpu')
        except Exception as error:
            raise RuntimeError(
                f'cannot read the pretrained weights {source} of {key}.init_cfg: {error}\n'
                'Download the file where there is a network and set '
                f'--cfg-options {key}.init_cfg.checkpoint=FILE, or train from scratch with '
                f'--cfg-options {key}.init_cfg=None'
            ) from error


def _pretrained(node: object, key: str) -> Iterator[tuple[str, str]]:
    """Yield config key and checkpoint of each module with a ``Pretrained`` initialisation."""
    if isinstance(node, dict):
        init_cfg = node.get('init_cfg')
        if isinstance(init_cfg, dict) and init_cfg.get('checkpoint'):
            yield key, init_cfg['checkpoint']
        for name, child in node.items():
            yield from _pretrained(child, f'{key}.{name}')
    elif isinstance(node, list | tuple):
        for i, child in enumerate(node):
            yield from _pretrained(child, f'{key}.{i}')
