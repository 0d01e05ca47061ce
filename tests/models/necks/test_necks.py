import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import save_checkpoint
from mmpretrain.models import HRFuseScales, HRNet, ImageClassifier

from mmdrop.models import DPU, HRNetIncrease, UpsampleConcat
from mmdrop.registry import MODELS


def levels(channels, batch=2, size=(16, 8)):
    return [torch.randn(batch, c, size[0] >> i, size[1] >> i) for i, c in enumerate(channels)]


def test_dpu_is_the_sum_of_equation_3():
    # Bilinear upsampling is linear, so upsampling a running sum equals summing upsampled levels.
    torch.manual_seed(0)
    neck = DPU([4, 6, 8, 10], 5).eval()
    feats = levels([4, 6, 8, 10])
    expected = neck.reduce[0](feats[0])
    for i in (1, 2, 3):
        x = neck.reduce[i](feats[i])
        for _ in range(i):
            x = F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)
        expected = expected + x
    torch.testing.assert_close(neck(feats), expected)


def test_dpu_reads_levels_of_equal_stride():
    feats = [torch.randn(1, 3, *s) for s in ((16, 8), (8, 4), (4, 2), (4, 2))]
    assert DPU([3] * 4, 7).eval()(feats).shape == (1, 7, 16, 8)


def test_dpu_refuses_a_wrong_number_of_levels():
    with pytest.raises(ValueError, match='zip'):
        DPU([3, 3], 4)(levels([3, 3, 3]))


def test_upsample_concat_keeps_the_finest_level_as_it_is():
    feats = levels([3, 5])
    out = UpsampleConcat()(feats)
    assert out.shape == (2, 8, 16, 8)
    torch.testing.assert_close(out[:, :3], feats[0])
    # align_corners=True: the corner pixels of a coarse level stay at the corners
    torch.testing.assert_close(out[:, 3:, ::15, ::7], feats[1][:, :, ::7, ::3])


def test_one_index_is_brought_to_the_size_of_the_first_level():
    assert UpsampleConcat(indices=(1,))(levels([3, 5])).shape == (2, 5, 16, 8)


@pytest.fixture(scope='module')
def classifier_checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        classifier = ImageClassifier(
            backbone=dict(type='HRNet', arch='w32'),
            neck=dict(type='HRFuseScales', in_channels=(32, 64, 128, 256)),
            head=dict(type='LinearClsHead', in_channels=2048, num_classes=10),
        )
    for parameter in classifier.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    path = str(tmp_path_factory.mktemp('weights') / 'hrnet.pth')
    save_checkpoint(dict(state_dict=classifier.state_dict(), meta={}), path)
    return classifier.eval(), path


def test_mmpretrains_hrnet_classifier_loads_into_backbone_and_increase_modules(
    classifier_checkpoint,
):
    classifier, path = classifier_checkpoint
    init = dict(type='Pretrained', checkpoint=path)
    backbone = HRNet('w32', init_cfg=dict(init, prefix='backbone'))
    increase = HRNetIncrease([32, 64, 128, 256], init_cfg=dict(init, prefix='neck'))
    for module in (backbone, increase):
        module.init_weights()
        module.eval()
    image = torch.randn(1, 3, 64, 32)
    with torch.no_grad():
        feats = increase(backbone(image))
        fused = classifier.neck.increase_layers[0](classifier.backbone(image)[0])
        torch.testing.assert_close(feats[0], fused)
        # and through the classifier's own fusion, all four levels at once
        expected = classifier.neck(classifier.backbone(image))[0]
        x = feats[0]
        for down, feat in zip(classifier.neck.downsample_layers, feats[1:], strict=True):
            x = down(x) + feat
        torch.testing.assert_close(classifier.neck.final_layer(x), expected)
    assert [f.shape[1] for f in feats] == [128, 256, 512, 1024]


def test_increase_modules_are_named_as_in_mmpretrain():
    ours = HRNetIncrease([32, 64, 128, 256]).state_dict()
    theirs = HRFuseScales([32, 64, 128, 256]).state_dict()
    shapes = {k: v.shape for k, v in theirs.items() if k.startswith('increase_layers')}
    assert {k: v.shape for k, v in ours.items()} == shapes


def test_hrnet_w32_gives_1920_channels_at_stride_4():
    with torch.device('meta'):
        backbone, increase = HRNet('w32'), HRNetIncrease([32, 64, 128, 256])
        out = UpsampleConcat()(increase(backbone(torch.empty(2, 3, 256, 128))))
    assert out.shape == (2, 1920, 64, 32)


def test_necks_are_registered():
    for name in ('DPU', 'UpsampleConcat', 'HRNetIncrease'):
        assert MODELS.get(name).__name__ == name
