"""Detail-preserving upsampling (DROP, Eq. 3)."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmdrop.functional import resize_bilinear
from mmdrop.registry import MODELS


@MODELS.register_module()
class DPU(BaseModule):
    r"""Detail-preserving upsampling: backbone levels to the parsing feature (Eq. 3).

    .. math:: P_{hp} = \sum_{i \ge 2} \mathrm{UP}(\mathrm{CR}(P_i)) + \mathrm{CR}(P_1)

    .. code-block:: none

        P4 ── CR ── up ─┐
        P3 ── CR ──────(+)── up ─┐
        P2 ── CR ───────────────(+)── up ─┐
        P1 ── CR ────────────────────────(+)── P_hp

    Walks from the deepest level to the finest one; for linear upsampling that is Eq. 3. Each step
    resizes to the size of the next level, so levels of equal stride are served as well.

    Args:
        in_channels: Channels of each level, finest first.
        out_channels: Channels of the parsing feature.
        norm_cfg: Norm layer of the channel reductions CR (1×1 conv, norm, ReLU).
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 128,
        norm_cfg: dict | None = None,
    ) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        self.reduce = nn.ModuleList(
            ConvModule(channels, out_channels, 1, norm_cfg=norm_cfg) for channels in in_channels
        )

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Map levels ``(B, C_i, H_i, W_i)``, finest first, to ``(B, out_channels, H_1, W_1)``."""
        *finer, out = (reduce(feat) for reduce, feat in zip(self.reduce, feats, strict=True))
        for skip in reversed(finer):
            out = skip + resize_bilinear(out, skip.shape[-2:])
        return out
