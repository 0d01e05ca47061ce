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
