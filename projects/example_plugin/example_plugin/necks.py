"""A parsing neck of one's own."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor

from mmdrop.registry import MODELS


@MODELS.register_module()
class FinestLevel(BaseModule):
    """Parsing feature from the finest level alone: one 3×3 convolution, norm and ReLU.

    It is cheaper than ``DPU`` and sees less of the body around a pixel. It shows how a part is
    swapped and claims no accuracy.

    Args:
        in_channels: Channels of the finest level.
        out_channels: Channels of the parsing feature.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = ConvModule(in_channels, out_channels, 3, padding=1, norm_cfg=dict(type='BN'))

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Map levels ``(B, C_i, H_i, W_i)``, finest first, to ``(B, out_channels, H_1, W_1)``."""
        return self.conv(feats[0])
