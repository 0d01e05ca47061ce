"""ResNet-IBN-a."""

import torch
from mmpretrain.models import ResNet
from torch import Tensor, nn

from mmdrop.registry import MODELS


class IBN(nn.Module):
    """Instance norm on the first half of the channels, batch norm on the rest (IBN-a).

    The children are named as in the published IBN-Net weights.

    Args:
        channels: Channels of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.half = channels // 2
        self.IN = nn.InstanceNorm2d(self.half, affine=True)
        self.BN = nn.BatchNorm2d(channels - self.half)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C, h, w)``."""
        first, second = x.split([self.half, x.shape[1] - self.half], dim=1)
        return torch.cat([self.IN(first.contiguous()), self.BN(second.contiguous())], dim=1)


@MODELS.register_module()
class ResNetIBN(ResNet):
    """ResNet-IBN-a: "Two at once", Pan et al., ECCV 2018.

    mmpretrain's ResNet whose blocks of stages 1–3 begin with :class:`IBN`. Parameter names are
    those of the published IBN-Net weights (``layer1.0.bn1.IN.weight`` …), which load as they are.

    Args:
        depth: 50, 101 or 152.
        kwargs: Further arguments of mmpretrain's ``ResNet``, which refuses unknown ones.
    """

    def __init__(self, depth: int, **kwargs) -> None:
        if depth not in (50, 101, 152):
            raise ValueError(f'depth must be 50, 101 or 152 (bottleneck blocks), got {depth}')
        super().__init__(depth, **kwargs)
        for name in self.res_layers[:3]:
            for block in getattr(self, name):
                setattr(block, block.norm1_name, IBN(block.norm1.num_features))
