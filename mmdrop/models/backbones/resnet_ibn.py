"""ResNet-IBN-a."""

from mmpretrain.models import ResNet

from mmdrop.models.layers import IBN
from mmdrop.registry import MODELS


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
