"""Increase modules of HRNet's classification head."""

from collections.abc import Sequence

from mmengine.model import BaseModule, ModuleList
from mmpretrain.models.backbones.resnet import Bottleneck, ResLayer
from torch import Tensor

from mmdrop.registry import MODELS


@MODELS.register_module()
class HRNetIncrease(BaseModule):
    """One bottleneck a branch that raises HRNet's channels, as in its ImageNet classifier.

    Modules are named as in mmpretrain's ``HRFuseScales``, so that the published checkpoint of the
    classifier loads: ``init_cfg=dict(type='Pretrained', checkpoint=…, prefix='neck')``.

    Args:
        in_channels: Channels of the branches, finest first; 32, 64, 128, 256 for HRNet-W32.
        out_channels: Raised channels, each a multiple of 4.
        init_cfg: Initialisation, as in MMEngine; Kaiming if it is not given.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Sequence[int] = (128, 256, 512, 1024),
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        self.increase_layers = ModuleList(
            ResLayer(Bottleneck, num_blocks=1, in_channels=c_in, out_channels=c_out)
            for c_in, c_out in zip(in_channels, out_channels, strict=True)
        )

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Raise channels of each branch, ``(B, in_i, H_i, W_i)`` → ``(B, out_i, H_i, W_i)``."""
        return tuple(layer(feat) for layer, feat in zip(self.increase_layers, feats, strict=True))
