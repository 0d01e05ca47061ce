"""Whether a saved optimiser fits the one of a run."""

from collections.abc import Iterator, Mapping

from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

# Options that torch has added to optimisers over time, with defaults for older files, and what
# parameter groups hold beside options.
_OPTIONAL = {
    *('capturable', 'decoupled_weight_decay', 'differentiable', 'foreach', 'fused'),
    *('initial_lr', 'maximize', 'param_names', 'params'),
}
# State with one number for each of a parameter.
_ELEMENTWISE = {
    *('acc_delta', 'exp_avg', 'exp_avg_sq', 'exp_inf', 'grad_avg', 'max_exp_avg_sq'),
    *('momentum_buffer', 'prev', 'square_avg', 'step_size', 'sum'),
}


def optimizer_misfits(
    optimizer: OptimWrapper | OptimWrapperDict, saved: Mapping, model: nn.Module
) -> Iterator[str]:
    """Say in what the state of a saved optimiser differs from the optimiser of a run.

    Args:
        optimizer: Optimiser of the run.
        saved: State dict of the other.
        model: The model, for the names of its parameters.
    """
    if isinstance(optimizer, OptimWrapperDict):
        if set(optimizer.keys()) != set(saved):
            yield f'optimisers of {", ".join(saved)}, but the run has {", ".join(optimizer.keys())}'
            return
        for name, wrapper in optimizer.items():
            yield from optimizer_misfits(wrapper, saved[name], model)
        return
    if not isinstance(saved.get('param_groups'), list):
        yield 'no parameter groups of one optimiser'
        return
    kind = type(optimizer.optimizer).__name__
    # Of the wrapper itself the groups would be one more, which records the rate.
    groups, olds = optimizer.optimizer.param_groups, saved['param_groups']
    if misfit := _other_kind(groups[0], olds[0] if olds else {}):
        yield f'the state of another optimiser than {kind}: {misfit}'
        return
    counts = [[len(group['params']) for group in side] for side in (olds, groups)]
    if counts[0] != counts[1]:
        shown = [f'{sum(c)} parameters in {len(c)} groups' for c in counts]
        yield f'{shown[0]}, but {kind} of the run has {shown[1]}'
        return
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for group, old in zip(groups, olds, strict=True):
        for parameter, index in zip(group['params'], old['params'], strict=True):
            for key, value in saved.get('state', {}).get(index, {}).items():
                if (
                    key in _ELEMENTWISE
                    and isinstance(value, Tensor)
                    and value.shape != parameter.shape
                ):
                    yield (
                        f'{key} {tuple(value.shape)} for {names.get(id(parameter), index)}, which '
                        f'is {tuple(parameter.shape)} in the run'
                    )
                    return


def _other_kind(own: Mapping, saved: Mapping) -> str:
    """In which options two optimisers differ; empty where they are of one kind."""
    only = [set(a) - set(b) - _OPTIONAL for a, b in ((saved, own), (own, saved))]
    if only[0]:
        text = f'it has {", ".join(sorted(only[0]))}'
        return f'{text}, not {", ".join(sorted(only[1]))}' if only[1] else text
    if only[1]:
        return f'it has no {", ".join(sorted(only[1]))}'
    decays = [group.get('decoupled_weight_decay') for group in (saved, own)]
    if None not in decays and decays[0] != decays[1]:
        return 'one decouples the weight decay (AdamW), the other (Adam) does not'
    return ''
