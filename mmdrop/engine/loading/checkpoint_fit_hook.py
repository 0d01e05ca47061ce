"""Compare every checkpoint that a Runner loads with its model."""

import logging

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn

from mmdrop.engine.loading.optimizer_states import optimizer_misfits
from mmdrop.engine.loading.state_dicts import (
    StateDictFit,
    compare_state_dict,
    load_fitting,
    weights_of,
)
from mmdrop.registry import HOOKS

_HARDLY_ANYTHING = 0.1
_OF_A_RUN = ('meta', 'message_hub', 'optimizer')


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuse a checkpoint that does not fit, before anything is trained or tested with it.

    - A test needs every tensor that predictions read, of the same shape and no further ones;
      classifiers, memory banks and centres may be others.
    - A training that begins from a checkpoint (``load_from``) needs a tenth of the model, and the
      log says what is left out. Its memory banks begin empty: their rows are of other identities.
    - A resumed run needs the whole model and its optimiser.
    """

    priority = 'VERY_LOW'  # behind hooks that exchange the weights, such as EMAHook

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare, and leave in the checkpoint what the model then holds.

        Raises:
            ValueError: The checkpoint does not fit; the message names the file and what differs.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        source = runner._load_from or f'the latest checkpoint of {runner.work_dir}'
        try:
            weights = weights_of(checkpoint)
        except ValueError as error:
            raise ValueError(f'{source}: {error}') from error
        fit = compare_state_dict(model, weights)
        if runner._resume:
            _check_resumed(runner, model, checkpoint, fit, source)
        elif not isinstance(runner._train_loop, BaseLoop) and any(
            isinstance(loop, BaseLoop) for loop in (runner._test_loop, runner._val_loop)
        ):
            check_prediction(model, fit, source)
        else:
            _check_start(fit, source)
        load_fitting(model, weights)
        # MMEngine loads this once more; of the file it would warn about what has been said here.
        checkpoint['state_dict'] = model.state_dict()

    def before_train(self, runner: Runner) -> None:
        """Empty the memory banks, unless the run is resumed."""
        if runner.iter == 0:
            for module in runner.model.modules():
                if hasattr(module, 'drop_rows'):
                    module.drop_rows()


def check_prediction(model: nn.Module, fit: StateDictFit, source: str) -> None:
    """Check that a model predicts as the one that a state dict was saved from.

    Args:
        model: The model.
        fit: How the state dict fits it.
        source: Name of the file, for the message.

    Raises:
        ValueError: It does not.
    """
    needed = fit.of_prediction(model)
    if not needed.is_whole:
        total = len(needed.fitting) + len(needed.missing) + len(needed.other_shapes)
        raise ValueError(
            f'{source}: the checkpoint does not fit this model, of whose {total} tensors for '
            f'prediction it fills {len(needed.fitting)}: {needed}. '
            'Was it trained with another config?'
        )


def _check_start(fit: StateDictFit, source: str) -> None:
    if fit.share < _HARDLY_ANYTHING:
        raise ValueError(
            f'load_from={source}: hardly anything of it fits this model: {fit}. Weights of a '
            "backbone alone belong into model.backbone.init_cfg=dict(type='Pretrained', …)"
        )
    if not fit.is_whole:
        print_log(
            f'load_from={source}: {len(fit.fitting)} tensors are taken. What is missing or of '
            f'another shape begins as without it: {fit}',
            'current',
            logging.WARNING,
        )


def _check_resumed(
    runner: Runner, model: nn.Module, checkpoint: dict, fit: StateDictFit, source: str
) -> None:
    remedy = (
        'Resume with the config of that run, or begin a new one from its weights: without --resume '
        f'and with --cfg-options load_from={source}'
    )
    if not fit.is_whole:
        other_classes = fit.other_shapes and fit.of_prediction(model).is_whole
        why = ' It was trained with another number of identities.' if other_classes else ''
        raise ValueError(
            f'cannot resume from {source}: it does not fit the model: {fit}.{why} {remedy}'
        )
    missing = [key for key in _OF_A_RUN if key not in checkpoint]
    if missing:
        raise ValueError(
            f'cannot resume from {source}: it holds weights without {", ".join(missing)}. {remedy}'
        )
    for misfit in optimizer_misfits(runner.optim_wrapper, checkpoint['optimizer'], model):
        raise ValueError(f'cannot resume from {source}: it holds {misfit}. {remedy}')
