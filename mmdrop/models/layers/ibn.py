"""Instance and batch norm, half and half."""

import torch
from torch import Tensor, nn


class IBN(nn.Module):
    """Instance norm on the first half of the channels, batch norm on the rest (IBN-a).

    "Two at once: enhancing learning and generalization capacities via IBN-Net", Pan et al.,
    ECCV 2018.  The children are named as in the published IBN-Net weights.  The parameters of a
    plain batch norm are loaded too: each half takes its own.

    Args:
        channels: Channels of the map.
        eps: Added to the variances.
        activation: Applied to the result, for a batch norm that is followed by one in itself.
    """

    def __init__(
        self, channels: int, eps: float = 1e-5, activation: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.half = channels // 2
        self.IN = nn.InstanceNorm2d(self.half, eps=eps, affine=True)
        self.BN = nn.BatchNorm2d(channels - self.half, eps=eps)
        self.activation = activation or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C, h, w)``."""
        first, second = x.split([self.half, x.shape[1] - self.half], dim=1)
        x = torch.cat([self.IN(first.contiguous()), self.BN(second.contiguous())], dim=1)
        return self.activation(x)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: object
    ) -> None:
        if f'{prefix}running_mean' in state_dict:  # of a plain batch norm
            for name in ('weight', 'bias', 'running_mean', 'running_var'):
                value = state_dict.pop(prefix + name)
                if name in ('weight', 'bias'):
                    state_dict[f'{prefix}IN.{name}'] = value[: self.half]
                state_dict[f'{prefix}BN.{name}'] = value[self.half :]
            number = state_dict.pop(f'{prefix}num_batches_tracked', None)
            if number is not None:
                state_dict[f'{prefix}BN.num_batches_tracked'] = number
        super()._load_from_state_dict(state_dict, prefix, *args)
