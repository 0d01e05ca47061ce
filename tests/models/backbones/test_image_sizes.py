import pytest
import torch

from mmdrop.models.backbones.image_sizes import check_image_size
from mmdrop.registry import MODELS

BRANCHES = {
    f'stage{i + 1}': dict(
        num_modules=1,
        num_branches=max(1, i + 1),
        block='BASIC' if i else 'BOTTLENECK',
        num_blocks=(1,) * (i + 1),
        num_channels=(4, 4, 4, 4)[: i + 1],
    )
    for i in range(4)
}
CONVNEXT = dict(
    type='mmpretrain.ConvNeXt',
    arch=dict(depths=[1] * 4, channels=[4] * 4),
    out_indices=(0, 1, 2, 3),
    gap_before_final_norm=False,
)
SIDES = [8, 24, 29, 31, 32, 33, 40, 61, 64, 65, 93, 94, 125, 126]


@pytest.mark.parametrize(
    'config', [dict(type='mmpretrain.HRNet', extra=BRANCHES), CONVNEXT], ids=['hrnet', 'convnext']
)
def test_exactly_the_sizes_at_which_the_backbone_fails_are_refused(config):
    backbone = MODELS.build(config)
    backbone.eval()
    for side in SIDES:
        try:
            backbone(torch.zeros(1, 3, 64, side))
        except RuntimeError:
            with pytest.raises(ValueError, match='multiples of 32'):
                check_image_size(backbone, 64, side)
        else:
            check_image_size(backbone, 64, side)


def test_the_nearest_size_is_named():
    backbone = MODELS.build(dict(type='mmpretrain.HRNet', extra=BRANCHES))
    message = r'images of 250×125 .*the nearest is 256×128, as scale=\(128, 256\) of Resize'
    with pytest.raises(ValueError, match=message):
        check_image_size(backbone, 250, 125)
    check_image_size(backbone, 256, 128)
