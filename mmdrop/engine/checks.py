"""Checks of a config, made before a run starts."""

from mmengine.config import Config


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


def check_lengths(cfg: Config) -> None:
    """Check that a training has at least one epoch or iteration, and that its intervals do.

    Raises:
        ValueError: It does not.
    """
    for key in ('max_epochs', 'max_iters', 'val_interval'):
        value = (cfg.get('train_cfg') or {}).get(key)
        if isinstance(value, int | float) and (value < 1 or value != int(value)):
            raise ValueError(f'train_cfg.{key} is {value}, but must be a whole number from 1')
