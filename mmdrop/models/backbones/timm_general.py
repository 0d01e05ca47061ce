"""timm's backbones with what person re-identification changes in them."""

from collections.abc import Mapping, Sequence

from mmpretrain.models import TIMMBackbone
from torch import nn

from mmdrop.models.layers import IBN
from mmdrop.registry import MODELS


@MODELS.register_module()
class GeneralTIMMBackbone(TIMMBackbone):
    """mmpretrain's ``TIMMBackbone`` with stages that are frozen, finer or less tied to a camera.

    As in ResNet-IBN-a, the first norm of each block of a stage becomes :class:`IBN`; pretrained
    weights of plain batch norms are loaded into it.  Styles are mixed behind a stage.  Neither
    belongs in the last stages, which tell people apart.

    Args:
        model_name: As in ``TIMMBackbone``; a network of stages that are ``nn.Sequential`` and of
            blocks with ``bn1``: EfficientNet, MobileNet, ResNet.
        ibn_stages: Modules of timm's network, such as ``('blocks.0', 'blocks.1')``.
        mix_stages: Likewise.
        frozen: Modules of timm's network that are not trained: they get no gradient, and their
            batch norms keep the statistics that they have.
        stride_1: Modules of timm's network whose convolutions step by one cell where they stepped
            by more.  For the last stage it is the "last stride" of Luo et al. (Bag of Tricks and a
            Strong Baseline for Deep Person Re-identification, Section 3.5): twice the height and
            width of its maps.  Unlike timm's ``output_stride`` it dilates nothing.
        mix: Config of what is put behind ``mix_stages``, :class:`MixStyle` if left out.
        kwargs: Further arguments of ``TIMMBackbone``.

    Raises:
        AttributeError: The network has no such stage.
        TypeError: A stage is no ``nn.Sequential``, none of its blocks has a batch norm ``bn1``, or
            a module of ``stride_1`` steps by other means than convolutions, or not at all.
    """

    def __init__(
        self,
        model_name: str,
        ibn_stages: Sequence[str] = (),
        mix_stages: Sequence[str] = (),
        mix: Mapping | None = None,
        frozen: Sequence[str] = (),
        stride_1: Sequence[str] = (),
        **kwargs: object,
    ) -> None:
        super().__init__(model_name, **kwargs)
        for name in ibn_stages:
            self._put_instance_norms(name)
        for name in mix_stages:
            self._stage(name).append(MODELS.build(mix or dict(type='MixStyle')))
        for name in stride_1:
            self._keep_size(name)
        self._frozen = tuple(frozen)
        for name in self._frozen:
            self.timm_model.get_submodule(name).requires_grad_(False)

    def train(self, mode: bool = True) -> 'GeneralTIMMBackbone':
        """Set all modules but the frozen ones to training or evaluation."""
        super().train(mode)
        for name in self._frozen:
            self.timm_model.get_submodule(name).eval()
        return self

    def _stage(self, name: str) -> nn.Sequential:
        stage = self.timm_model.get_submodule(name)
        if not isinstance(stage, nn.Sequential):
            raise TypeError(f'{name!r} of this network is no stage, it is a {type(stage).__name__}')
        return stage

    def _put_instance_norms(self, name: str) -> None:
        # timm's BatchNormAct2d, which activates too, is a BatchNorm2d.
        blocks = [
            x for x in self._stage(name) if isinstance(getattr(x, 'bn1', None), nn.BatchNorm2d)
        ]
        if not blocks:
            raise TypeError(f'no block of {name!r} has a batch norm named bn1')
        for block in blocks:
            norm = block.bn1
            block.bn1 = IBN(norm.num_features, norm.eps, getattr(norm, 'act', None))
            block.bn1.BN.momentum = norm.momentum

    def _keep_size(self, name: str) -> None:
        steps = [
            module
            for module in self.timm_model.get_submodule(name).modules()
            if getattr(module, 'stride', 1) not in (1, (1, 1))
        ]
        if not steps or not all(isinstance(x, nn.Conv2d) for x in steps):
            found = ', '.join(sorted({type(x).__name__ for x in steps})) or 'nothing'
            raise TypeError(f'{name!r} is not made finer, as {found} in it has a stride over 1')
        for conv in steps:
            conv.stride = (1, 1)
