import copy

import pytest
import torch
from mmpretrain.models import ResNet

from mmdrop.models import DROP, ResNetIBN
from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

BACKBONES = {
    'mobilenetv2': (
        dict(type='mmpretrain.MobileNetV2', out_indices=(1, 2, 4, 7)),
        [24, 32, 96, 1280],
    ),
    'convnext': (
        dict(
            type='mmpretrain.ConvNeXt',
            arch=dict(depths=[1, 1, 1, 1], channels=[8, 16, 24, 32]),
            out_indices=(0, 1, 2, 3),
            gap_before_final_norm=False,
        ),
        [8, 16, 24, 32],
    ),
    'swin': (
        dict(
            type='mmpretrain.SwinTransformer',
            arch=dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2]),
            img_size=64,
            pad_small_map=True,
            out_indices=(0, 1, 2, 3),
        ),
        [8, 16, 32, 64],
    ),
}


def small_model(name='mobilenetv2', **kwargs):
    backbone, channels = BACKBONES[name]
    config = dict(
        type='DROP',
        backbone=backbone,
        reid_neck=dict(type='UpsampleConcat'),
        parsing_neck=dict(type='DPU', in_channels=channels, out_channels=8),
        parsing_head=dict(type='ParsingHead', in_channels=8, num_parts=2),
        reid_head=dict(
            type='PartReIDHead',
            num_classes=2,
            in_channels=sum(channels),
            num_parts=2,
            embed_channels=8,
            part_loss=dict(type='PCTLoss'),
            memory_bank=dict(type='PartMemoryBank', num_batches=2),
        ),
    )
    return MODELS.build(config | kwargs)


def batch():
    samples = [
        ReIDDataSample(
            gt_label=label,
            gt_sem_seg=torch.randint(0, 3, (64, 32), dtype=torch.uint8),
            metainfo=dict(num_parts=2, img_path='a.jpg'),
        )
        for label in (0, 0, 1, 1)
    ]
    return torch.randn(4, 3, 64, 32), samples


@pytest.mark.parametrize('name', BACKBONES)
def test_any_backbone_of_four_levels_trains_every_parameter(name):
    model = small_model(name)
    loss, log = model.parse_losses(model(*batch(), mode='loss'))
    loss.backward()
    assert {'loss_parsing', 'loss_pct', 'acc_parsing', 'acc_id_foreground'} <= set(log)
    without = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    # Levels whose output norm no neck reads aside, nothing is left untrained.
    assert without == []


def test_a_compiled_step_is_one_graph_with_the_losses_of_an_uncompiled_one():
    eager = small_model('convnext')
    model = copy.deepcopy(eager)
    graphs = []

    def run_as_traced(graph, _):
        graphs.append(graph)
        return graph

    step = torch.compile(model.forward, backend=run_as_traced, fullgraph=True)
    for number in range(4):  # the bank is full from the second one on, and labels change
        inputs, samples = batch()
        for sample in samples:
            sample.gt_label = (sample.gt_label + number) % 2
        losses = step(inputs, samples, mode='loss')
        torch.testing.assert_close(losses, eager(inputs, samples, mode='loss'))
    assert len(graphs) == 2


def test_prediction_fills_the_documented_fields():
    model = small_model().eval()
    with torch.no_grad():
        sample = model(*batch(), mode='predict')[0]
    assert sample.embeddings.shape == (4, 8) and sample.visibility.dtype == torch.bool
    assert sample.visibility_score.shape == (4,) and sample.pred_sem_seg.shape == (16, 8)
    assert sample.embedding_names == ('global', 'foreground', 'part_1', 'part_2')


def test_prediction_needs_no_labels_and_no_samples():
    inputs, _ = batch()
    with torch.no_grad():
        samples = small_model().eval()(inputs, mode='predict')
        embeddings, visibility, score = small_model().eval()(inputs)
    assert len(samples) == 4 and embeddings.shape[:2] == visibility.shape == score.shape == (4, 4)


def test_the_coupled_baseline_parses_the_reid_feature():
    head = dict(type='ParsingHead', in_channels=1432, num_parts=2)
    model = small_model(parsing_neck=None, parsing_head=head)
    features, logits, _ = model.extract(torch.randn(2, 3, 64, 32))
    torch.testing.assert_close(logits, model.parsing_head(features))


def test_the_global_baseline_has_no_parsing_branch():
    head = dict(type='GlobalReIDHead', num_classes=2, in_channels=1432, embed_channels=8)
    model = small_model(parsing_neck=None, parsing_head=None, reid_head=head)
    losses = model(*batch(), mode='loss')
    assert set(losses) == {'loss_id_global', 'acc_id_global'}
    assert 'pred_sem_seg' not in model.eval()(*batch(), mode='predict')[0]


@pytest.mark.parametrize('detach', [False, True])
def test_reid_gradients_reach_the_parsing_branch_unless_detached(detach):
    model = small_model(detach_parsing=detach)
    losses = model(*batch(), mode='loss')
    losses['loss_id_foreground'].backward()
    grad = model.parsing_head.classifier.weight.grad
    assert (grad is None) == detach


def test_reid_gradients_may_reach_the_parsing_branch_in_part():
    gradients = []
    for factor in (1.0, 0.25):
        torch.manual_seed(0)
        model = small_model(parsing_gradient=factor)
        model(*batch(), mode='loss')['loss_id_foreground'].backward()
        gradients.append(model.parsing_head.classifier.weight.grad)
    assert gradients[0].any()
    torch.testing.assert_close(gradients[1], 0.25 * gradients[0])
    with pytest.raises(ValueError, match='parsing_gradient must not be negative'):
        small_model(parsing_gradient=-1)


@pytest.mark.parametrize(
    'parsing_head', [None, dict(type='ParsingHead', in_channels=8, num_parts=5)]
)
def test_heads_that_disagree_on_the_number_of_parts_are_refused(parsing_head):
    with pytest.raises(ValueError, match=r'reid_head\.num_parts is 2, but .*parsing_head'):
        small_model(parsing_head=parsing_head)


def test_channels_last_gives_the_same_embeddings():
    torch.manual_seed(0)
    model, other = small_model().eval(), small_model(channels_last=True).eval()
    other.load_state_dict(model.state_dict())
    inputs, _ = batch()
    with torch.no_grad():
        torch.testing.assert_close(model(inputs)[0], other(inputs)[0], rtol=1e-3, atol=1e-4)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match='mode'):
        small_model().eval()(batch()[0], mode='train')


def test_bfloat16_autocast_trains_and_keeps_distances_in_float32():
    model = small_model()
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(*batch(), mode='loss')
    assert losses['loss_pct'].dtype == torch.float32
    assert all(value.isfinite() for value in losses.values())


def test_resnet_ibn_has_the_published_names_and_halves():
    model = ResNetIBN(50, strides=(1, 2, 2, 1), out_indices=(0, 1, 2, 3))
    state = model.state_dict()
    assert state['layer1.0.bn1.IN.weight'].shape == state['layer1.0.bn1.BN.weight'].shape == (32,)
    assert 'layer3.5.bn1.BN.running_mean' in state and 'layer4.0.bn1.running_mean' in state
    plain = ResNet(50).state_dict()
    others = {k for k in plain if '.bn1.' not in k or k.startswith('layer4')}
    assert others - {'bn1.weight'} <= set(state)


def test_ibn_normalises_each_image_in_its_first_half_only():
    block = ResNetIBN(50).layer1[0].bn1
    x = torch.randn(4, 64, 8, 4) * 3 + 5
    first, second = block(x).split(32, dim=1)
    torch.testing.assert_close(first.mean((2, 3)), torch.zeros(4, 32), rtol=0, atol=1e-5)
    assert second.mean((2, 3)).abs().max() > 0.05  # only the batch as a whole is centred


def test_resnet_of_last_stride_one_ends_at_stride_16():
    model = ResNet(50, strides=(1, 2, 2, 1), out_indices=(0, 1, 2, 3))
    with torch.no_grad():
        sizes = [tuple(f.shape[1:]) for f in model(torch.zeros(1, 3, 64, 32))]
    assert sizes == [(256, 16, 8), (512, 8, 4), (1024, 4, 2), (2048, 4, 2)]


def test_drop_is_registered():
    assert MODELS.get('DROP') is DROP
