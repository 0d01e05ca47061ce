"""ReID feature: levels brought to one size and concatenated (DROP, Fig. 2b)."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmdrop.functional import resize_bilinear
from mmdrop.registry import MODELS


@MODELS.register_module()
class UpsampleConcat(BaseModule):
    """Upsample backbone levels to the finest one and concatenate them: P_reid.

    It has no parameters. HRNet-W32 behind its increase modules gives 1920 channels at stride 4.

    Args:
        indices: Levels to take, all by default. ``(3,)`` takes the last level alone and still
            brings it to the size of the finest one, as DROP does for ResNet (16×8 → 64×32).
    """

    def __init__(self, indices: Sequence[int] | None = None) -> None:
        super().__init__()
        self.indices = None if indices is None else tuple(indices)

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Map levels ``(B, C_i, H_i, W_i)``, finest first, to ``(B, ΣC_i, H_1, W_1)``."""
        size = feats[0].shape[-2:]
        taken = feats if self.indices is None else [feats[i] for i in self.indices]
        return torch.cat([resize_bilinear(feat, size, align_corners=True) for feat in taken], 1)
