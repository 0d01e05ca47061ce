"""Swin Transformer of SOLIDER, and the reader of its checkpoints."""

import argparse

import torch
import torch.nn.functional as F
from mmengine.model import ModuleList
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.models import SwinTransformer
from torch import Tensor, nn

from mmdrop.registry import MODELS

SCHEME = 'solider://'


@MODELS.register_module()
class SOLIDERSwin(SwinTransformer):
    r"""Swin Transformer with SOLIDER's semantic controller.

    "Beyond appearance: a semantic controllable self-supervised learning framework for human-centric
    visual tasks", Chen et al., CVPR 2023. Behind the patch merging of stage i

    .. math:: x \leftarrow x \cdot \operatorname{softplus}(W_i s + a_i) + B_i s + b_i,
              \quad s = (λ, 1 - λ)

    with W, a, B, b from the checkpoint, which are not trained further, as in the authors' ReID
    code. Small maps are padded to the window, as SOLIDER does. Weights load with
    ``init_cfg=dict(type='Pretrained', checkpoint='solider://FILE')``, see :func:`load_solider`.

    Args:
        arch: ``'tiny'``, ``'small'`` or ``'base'``.
        semantic_weight: λ in [0, 1]: 1 asks for semantic features, 0 for appearance; 0.2 for ReID.
        out_indices: Stages to return, ``(B, C_i, H_i, W_i)`` at strides 4, 8, 16, 32.
        kwargs: Further arguments of mmpretrain's ``SwinTransformer``, which refuses unknown ones.
    """

    def __init__(
        self,
        arch: str = 'tiny',
        semantic_weight: float = 0.2,
        out_indices: tuple[int, ...] = (0, 1, 2, 3),
        **kwargs,
    ) -> None:
        if not 0 <= semantic_weight <= 1:
            raise ValueError(f'semantic_weight must be in [0, 1], got {semantic_weight}')
        super().__init__(arch, out_indices=out_indices, pad_small_map=True, **kwargs)
        semantics = torch.tensor([semantic_weight, 1 - semantic_weight])
        self.register_buffer('semantics', semantics, persistent=False)
        channels = [s.downsample.out_channels for s in self.stages if s.downsample is not None]
        # Named as in the checkpoint, whose last pair modulates what nobody reads.
        self.semantic_embed_w = ModuleList(nn.Linear(2, c) for c in channels)
        self.semantic_embed_b = ModuleList(nn.Linear(2, c) for c in channels)
        for parameter in (*self.semantic_embed_w.parameters(), *self.semantic_embed_b.parameters()):
            parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """``(B, 3, H, W)`` → levels ``(B, C_i, H_i, W_i)``, finest first."""
        x, shape = self.patch_embed(x)
        x = self.drop_after_pos(x)  # (B, h·w, C)
        levels = []
        for i, stage in enumerate(self.stages):
            x, shape = stage(x, shape, do_downsample=False)
            if i in self.out_indices:
                level = getattr(self, f'norm{i}')(x)
                levels.append(level.transpose(1, 2).unflatten(2, shape).contiguous())
            if stage.downsample is not None:
                x, shape = stage.downsample(x, shape)
                scale = F.softplus(self.semantic_embed_w[i](self.semantics))
                x = x * scale + self.semantic_embed_b[i](self.semantics)
        return tuple(levels)


@CheckpointLoader.register_scheme(prefixes=SCHEME)
def load_solider(filename: str, map_location: str | torch.device | None = None) -> dict:
    """Read a SOLIDER checkpoint for :class:`SOLIDERSwin`.

    Three forms are known: the pretraining checkpoint (a dict with ``teacher``), its teacher alone
    (names with ``backbone.``), and a model fine-tuned by SOLIDER-REID (names with ``base.``). What
    is not the backbone's is left out.

    Args:
        filename: ``'solider://FILE'``.
        map_location: As in :func:`torch.load`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no SOLIDER backbone.
    """
    path = filename.removeprefix(SCHEME)
    try:
        # Pretraining checkpoints hold their command line, which is plain values.
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location=map_location, weights_only=True)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path} does not exist: download the weights that the SOLIDER repository links to, '
            'such as swin_tiny_market.pth or its pretraining checkpoint, and name the file'
        ) from error
    weights = content.get('teacher', content) if isinstance(content, dict) else {}
    for prefix in ('backbone.', 'base.'):
        found = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
        if found:
            unread = ('semantic_embed_w.3.', 'semantic_embed_b.3.')
            found = {name: v for name, v in found.items() if not name.startswith(unread)}
            return {'state_dict': found}
    raise ValueError(f'{path} has no parameters named backbone.… or base.…, as SOLIDER writes them')
