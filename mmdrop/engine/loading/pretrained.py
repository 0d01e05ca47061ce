"""Pretrained weights: read and compared before a run, and loaded when it begins."""

import logging
from collections import OrderedDict
from collections.abc import Iterator

from mmengine.config import ConfigDict
from mmengine.logging import print_log
from mmengine.model import PretrainedInit, update_init_info
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmdrop.engine.loading.safe_loading import UnsafeCheckpointError
from mmdrop.engine.loading.state_dicts import (
    StateDictFit,
    compare_state_dict,
    load_fitting,
    weights_of,
)
from mmdrop.registry import MODELS, SCOPE, WEIGHT_INITIALIZERS

_MOST = 0.5


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class FittingPretrainedInit(PretrainedInit):
    """MMEngine's initialisation from a checkpoint, for checkpoints that fit.

    More than half of the module, of its tensors and of its numbers, must be in the file. The log
    says in one line what is not.

    Args:
        checkpoint: File, URL or package.
        prefix: Take what lies below this name in the file, such as ``'backbone'``.
        map_location: As in :func:`torch.load`.
    """

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

        Raises:
            ValueError: Less than most of the module is in the file.
        """
        content = CheckpointLoader.load_checkpoint(self.checkpoint, self.map_location)
        fit = check_fit(module, content, self.checkpoint, self.prefix)
        load_fitting(module, weights_of(content, self.prefix))
        if fit.missing or fit.other_shapes:
            left_out = StateDictFit(missing=fit.missing, other_shapes=fit.other_shapes)
            print_log(
                f'{self.checkpoint} fills {fit.share:.0%} of {type(module).__name__}; the rest '
                f'begins at random: {left_out}',
                'current',
                logging.WARNING,
            )
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())


def check_fit(
    module: nn.Module, checkpoint: object, source: str, prefix: str | None = None
) -> StateDictFit:
    """Check that most of a module is in a checkpoint.

    Args:
        module: The module.
        checkpoint: What was read.
        source: Where it was read from, for the message.
        prefix: Where the module lies in it.

    Raises:
        ValueError: It is not; the message says which prefix would do, if there is one.
    """
    fit = compare_state_dict(module, weights_of(checkpoint, prefix))
    if fit.share > _MOST:
        return fit
    where = f' below {prefix!r}' if prefix else ''
    raise ValueError(
        f'{source} does not hold weights of this {type(module).__name__}{where}: {fit.share:.0%} '
        f'of it fits: {fit}.{_other_prefix(module, checkpoint, prefix)}'
    )


def _other_prefix(module: nn.Module, checkpoint: object, prefix: str | None) -> str:
    weights = weights_of(checkpoint)
    names = OrderedDict.fromkeys(key.partition('.')[0] for key in weights)
    for name in (None, *names):
        if (
            name != prefix
            and compare_state_dict(module, weights_of(checkpoint, name)).share > _MOST
        ):
            return f' Set prefix={name!r} in init_cfg, where they lie in the file'
    return ''


def check_pretrained(model: ConfigDict) -> None:
    """Read every pretrained checkpoint that a model config names, and compare it with its module.

    Args:
        model: The model's config.

    Raises:
        RuntimeError: A checkpoint cannot be read; the message names it and its config keys.
        ValueError: A checkpoint does not fit; the message names it and its config key.
    """
    keys: dict[str, list[tuple[str, dict, dict]]] = {}
    for key, node, init_cfg in _pretrained(model, 'model'):
        keys.setdefault(init_cfg['checkpoint'], []).append((key, node, init_cfg))
    for source, users in keys.items():
        try:
            checkpoint = CheckpointLoader.load_checkpoint(source, map_location='cpu')
        except Exception as error:
            names = ', '.join(key for key, _, _ in users)
            files = ' '.join(f'{key}.checkpoint=FILE' for key, _, _ in users)
            none = ' '.join(f'{key}=None' for key, _, _ in users)
            remedy = 'Download the file where there is a network and set'
            if isinstance(error, UnsafeCheckpointError):
                remedy = 'Set other weights with'
            raise RuntimeError(
                f'cannot read the pretrained weights {source} of {names}: {error}\n'
                f'{remedy} --cfg-options {files}, or train from scratch with --cfg-options {none}'
            ) from error
        for user in users:
            _check_user(checkpoint, *user)


def _check_user(checkpoint: object, key: str, node: dict, init_cfg: dict) -> None:
    try:
        with DefaultScope.overwrite_default_scope(SCOPE):
            module = MODELS.build(node)
    except Exception:
        return  # its parent gives it further arguments: compared when it is loaded
    try:
        check_fit(module, checkpoint, init_cfg['checkpoint'], init_cfg.get('prefix'))
    except ValueError as error:
        raise ValueError(
            f'{key}: {error}\nName weights of this network with --cfg-options '
            f'{key}.checkpoint=FILE, or train from scratch with --cfg-options {key}=None'
        ) from error


def _pretrained(node: object, key: str) -> Iterator[tuple[str, dict, dict]]:
    """Key, module config and initialisation of each module with pretrained weights."""
    if isinstance(node, dict):
        init_cfgs = node.get('init_cfg')
        for init_cfg in init_cfgs if isinstance(init_cfgs, list) else [init_cfgs]:
            if isinstance(init_cfg, dict) and init_cfg.get('checkpoint'):
                yield f'{key}.init_cfg', node, init_cfg
        for name, child in node.items():
            yield from _pretrained(child, f'{key}.{name}')
    elif isinstance(node, list | tuple):
        for i, child in enumerate(node):
            yield from _pretrained(child, f'{key}.{i}')
