"""Checks of a config, made before a run starts."""

from collections.abc import Iterator

from mmengine.config import Config, ConfigDict
from mmengine.runner.checkpoint import CheckpointLoader


def check_batch_size(cfg: Config) -> None:
    """Check that a training batch holds the sampler's P identities × K images.

    Raises:
        ValueError: It does not.
    """
    loader = cfg.train_dataloader
    sampler = loader.get('sampler') or {}
    identities, instances = sampler.get('num_identities'), sampler.get('num_instances')
    if None not in (identities, instances) and identities * instances != loader.batch_size:
        raise ValueError(
            f'train_dataloader.batch_size is {loader.batch_size}, but its sampler gives '
            f'{identities} identities × {instances} images: set it to {identities * instances}'
        )


def check_pretrained(model: ConfigDict) -> None:
    """Read every pretrained checkpoint that a model config names.

    Args:
        model: The model's config.

    Raises:
        RuntimeError: A checkpoint cannot be read; the message names it and its config keys.
    """
    keys: dict[str, list[str]] = {}
    for key, source in _pretrained(model, 'model'):
        keys.setdefault(source, []).append(f'{key}.init_cfg')
    for source, users in keys.items():
        try:
            CheckpointLoader.load_checkpoint(source, map_location='cpu')
        except Exception as error:
            files = ' '.join(f'{key}.checkpoint=FILE' for key in users)
            nothing = ' '.join(f'{key}=None' for key in users)
            raise RuntimeError(
                f'cannot read the pretrained weights {source} of {", ".join(users)}: {error}\n'
                f'Download the file where there is a network and set --cfg-options {files}, or '
                f'train from scratch with --cfg-options {nothing}'
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
