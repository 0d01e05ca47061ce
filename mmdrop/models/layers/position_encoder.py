"""Pedestrian position encoder (DROP, Eq. 4)."""

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmdrop.registry import MODELS


@MODELS.register_module()
class PedestrianPositionEncoder(BaseModule):
    """Embedding of pixel positions, to be added to the parsing feature (PPE, Eq. 4).

    Conv-BN-ReLU-Conv-BN with 1×1 convolutions on coordinates in [−1, 1]. The first batch norm
    removes any scaling of a coordinate, so its range carries no meaning.

    Args:
        channels: Channels of the parsing feature.
        dims: 1 encodes the height; 2 encodes height and width (Table 9).
    """

    def __init__(self, channels: int, dims: int = 1) -> None:
        super().__init__()
        if dims not in (1, 2):
            raise ValueError(f'dims must be 1 (height) or 2 (height and width), got {dims}')
        self.dims = dims
        self.encode = nn.Sequential(
            ConvModule(dims, channels, 1, norm_cfg=dict(type='BN')),
            ConvModule(channels, channels, 1, norm_cfg=dict(type='BN'), act_cfg=None),
        )

    def forward(self, height: int, width: int) -> Tensor:
        """Encode the positions of an ``(h, w)`` map as ``(1, C, h, w)``."""
        device = self.encode[0].conv.weight.device
        y = torch.linspace(-1, 1, height, device=device)[:, None].expand(height, width)
        x = torch.linspace(-1, 1, width, device=device).expand(height, width)
        return self.encode(torch.stack([y, x][: self.dims])[None])
