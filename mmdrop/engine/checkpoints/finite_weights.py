"""No checkpoint holds broken weights."""

from collections.abc import Iterable, Iterator

import torch
from mmengine.dist import all_gather_object
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn


def first_non_finite(tensors: Iterable[tuple[str, Tensor]]) -> str | None:
    """Name of the first tensor that holds NaN or infinity.

    One pass without copies: a sum is finite only if all that it adds up is, unless it overflows,
    so only a tensor whose sum is not is looked at again.
    """
    floating = [(name, x) for name, x in tensors if x.is_floating_point() or x.is_complex()]
    devices: dict[torch.device, list[tuple[str, Tensor]]] = {}
    for name, x in floating:
        devices.setdefault(x.device, []).append((name, x))
    suspects = []
    for pairs in devices.values():
        wide = (torch.float64 if x.dtype == torch.float64 else torch.float32 for _, x in pairs)
        sums = [
            x.detach().abs().sum() if x.is_complex() else x.detach().sum(dtype=dtype)
            for (_, x), dtype in zip(pairs, wide, strict=True)
        ]
        finite = torch.stack([total.double() for total in sums]).isfinite().tolist()
        suspects += [pair for pair, fine in zip(pairs, finite, strict=True) if not fine]
    return next((name for name, x in suspects if not x.detach().isfinite().all()), None)


def infinite_buffers(model: nn.Module) -> set[str]:
    """Names of the buffers that hold infinities, but no NaN: masks of an attention, for example."""
    buffers = [(name, x) for name, x in model.named_buffers() if x.is_floating_point()]
    return {name for name, x in buffers if x.isinf().any() and not x.isnan().any()}


def check_finite(runner: Runner, may_be_infinite: set[str]) -> None:
    """Check weights, buffers and optimiser; all processes come to the same result.

    Args:
        runner: The runner of a training.
        may_be_infinite: Buffers that are not looked at.

    Raises:
        FloatingPointError: A tensor holds NaN or infinity; the message names it.
    """
    broken = first_non_finite(_state(runner, may_be_infinite))
    broken = next(filter(None, all_gather_object(broken)), None)
    if broken:
        raise FloatingPointError(
            f'{broken} holds NaN or infinity after iteration {runner.iter}, so no checkpoint is '
            'written and the last one stays. Lower optim_wrapper.optimizer.lr, lengthen the '
            'warm-up, clip the gradient with optim_wrapper.clip_grad.max_norm=5, or train without '
            '--amp, and go on with --resume'
        )


def _state(runner: Runner, may_be_infinite: set[str]) -> Iterator[tuple[str, Tensor]]:
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    for name, tensor in model.state_dict(keep_vars=True).items():
        if isinstance(tensor, Tensor) and name not in may_be_infinite:
            yield name, tensor
    names = {parameter: name for name, parameter in model.named_parameters()}
    wrapper = runner.optim_wrapper
    wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    for one in wrappers:
        for parameter, state in one.optimizer.state.items():
            for key, value in state.items():
                if isinstance(value, Tensor):
                    yield f'{key} of the optimiser for {names.get(parameter, "a parameter")}', value
