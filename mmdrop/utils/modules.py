"""What modules say of their tensors."""

from torch import nn


def is_training_only(model: nn.Module, key: str) -> bool:
    """Whether no prediction reads a tensor.

    A module says so of its children, parameters and buffers by their names in ``training_only``.

    Args:
        model: The model.
        key: Name of the tensor in its state dict.
    """
    module: nn.Module | None = model
    for name in key.split('.'):
        if module is None:
            return False
        if name in getattr(module, 'training_only', ()):
            return True
        module = module._modules.get(name)
    return False
