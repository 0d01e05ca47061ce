"""Whether a state dict fits a model."""

import copy
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

from mmdrop.utils import is_training_only

_EXAMPLES = 3


@dataclass
class StateDictFit:
    """What of a state dict goes into a model, by the model's names.

    Attributes:
        fitting: Numbers in each tensor that is in both.
        missing: Numbers in each tensor of the model that is not in the state dict.
        other_shapes: Shape in the state dict and in the model, where they differ.
        unexpected: What the model has no place for.
    """

    fitting: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    other_shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the model that is filled, in [0, 1]: of its tensors or numbers, the smaller."""
        own = [torch.Size(shape).numel() for _, shape in self.other_shapes.values()]
        sizes = [*self.fitting.values(), *self.missing.values(), *own]
        if not sizes:
            return 1.0
        return min(len(self.fitting) / len(sizes), sum(self.fitting.values()) / max(sum(sizes), 1))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, of another shape, or left over."""
        return not (self.missing or self.other_shapes or self.unexpected)

    def of_prediction(self, model: nn.Module) -> 'StateDictFit':
        """The fit without what only training reads: classifiers, banks, centres."""
        kept = [
            {key: value for key, value in part.items() if not is_training_only(model, key)}
            for part in (self.fitting, self.missing, self.other_shapes)
        ]
        return StateDictFit(
            *kept, [key for key in self.unexpected if not is_training_only(model, key)]
        )

    def __str__(self) -> str:
        """What does not fit: counts and examples."""
        shapes = [
            f'{key} {saved} in the file and {own} in the model'
            for key, (saved, own) in self.other_shapes.items()
        ]
        kinds = {
            'missing': list(self.missing),
            'of another shape': shapes,
            'unexpected': self.unexpected,
        }
        return '; '.join(
            f'{len(items)} {kind} ({", ".join(items[:_EXAMPLES])}'
            f'{", …" if len(items) > _EXAMPLES else ""})'
            for kind, items in kinds.items()
            if items
        )


def weights_of(checkpoint: object, prefix: str | None = None) -> 'OrderedDict[str, Tensor]':
    """State dict of a checkpoint, without the ``module.`` of distributed training.

    Args:
        checkpoint: A state dict, or a dict with one as ``state_dict``.
        prefix: Take only what lies below this name, such as ``'backbone'``.

    Raises:
        ValueError: There is no state dict.
    """
    state = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise ValueError(f'there is no state dict in it, but a {type(checkpoint).__name__}')
    start = f'{prefix.rstrip(".")}.' if prefix else ''

    def below(entries: Mapping) -> Iterator[tuple[str, Tensor]]:
        for key, value in entries.items():
            while key.startswith('module.'):
                key = key.removeprefix('module.')
            if key.startswith(start):
                yield key.removeprefix(start), value

    weights = OrderedDict(below(state))
    # Versions of the modules, by which they know how to read old weights.
    weights._metadata = OrderedDict(below(getattr(state, '_metadata', {})))
    return weights


def compare_state_dict(model: nn.Module, weights: Mapping[str, Tensor]) -> StateDictFit:
    """Compare a state dict with a model, names and shapes, and leave both as they are.

    Modules that rename, resize or accept any size while they load are taken at their word: the
    state dict is loaded into a copy. ``num_batches_tracked`` of batch norm is not looked at.
    """
    return load_fitting(copy.deepcopy(model), weights)


def load_fitting(model: nn.Module, weights: Mapping[str, Tensor]) -> StateDictFit:
    """Load what fits into a model; what does not keeps its value. Returns what did."""
    fit = StateDictFit()
    versions = getattr(weights, '_metadata', {})

    def load(module: nn.Module, entries: dict, prefix: str) -> None:
        if is_model_wrapper(module) or isinstance(module, BaseTTAModel):
            module = module.module
        version = versions.get(prefix[:-1], {})
        module._load_from_state_dict(entries, prefix, version, True, [], fit.unexpected, [])
        for name, own in _own_tensors(module):
            key, saved = prefix + name, entries.get(prefix + name)
            if not isinstance(saved, Tensor):
                fit.missing[key] = own.numel()
            elif saved.shape == own.shape or (not own.ndim and saved.shape == (1,)):
                fit.fitting[key] = own.numel()
            else:
                fit.other_shapes[key] = (tuple(saved.shape), tuple(own.shape))
        for name, child in module.named_children():
            start = f'{prefix}{name}.'
            load(child, {k: v for k, v in entries.items() if k.startswith(start)}, start)

    load(model, dict(weights), '')
    return fit


def _own_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and persistent buffers of a module, without those of its children."""
    # Batch norm counts its batches, nothing reads the number, and old weights lack it.
    left_out = {*module._non_persistent_buffers_set, 'num_batches_tracked'}
    for name, tensor in (*module._parameters.items(), *module._buffers.items()):
        if tensor is not None and name not in left_out:
            yield name, tensor
