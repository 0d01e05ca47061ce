"""Training steps under ``torch.use_deterministic_algorithms``."""

import pytest
import torch

from mmdrop.models.heads.stripe_reid_head import _stripe_shares
from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

CHANNELS = [8, 16, 32, 64]
BACKBONE = dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8)
PART = dict(type='PartReIDHead', num_classes=2, in_channels=120, num_parts=2, embed_channels=8)
BANK = dict(type='PartMemoryBank', num_batches=2)
STRIPES = dict(type='StripeReIDHead', num_classes=2, in_channels=120, num_stripes=3)
HEADS = {
    'drop': dict(PART, part_loss=dict(type='PCTLoss'), memory_bank=BANK, visible_only=True),
    'hct': dict(PART, part_loss=dict(type='HCTLoss'), parts_identity='each', visibility='argmax'),
    'bpbreid': dict(
        PART,
        pooling=dict(type='WAP'),
        foreground_pooling=dict(type='WAP', normalize=False),
        part_loss=dict(type='PCTLoss'),
        foreground_loss=dict(type='PCTLoss'),
    ),
    'stripes': dict(STRIPES, part_loss=dict(type='PCTLoss'), dropout=0.5),
    'global': dict(
        type='GlobalReIDHead', num_classes=2, in_channels=120, triplet_loss=dict(type='PCTLoss')
    ),
}


@pytest.fixture
def deterministic():
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def gradients(name, device='cpu'):
    torch.manual_seed(0)
    branch = {}
    if HEADS[name]['type'] == 'PartReIDHead':
        encoder = dict(type='PedestrianPositionEncoder', channels=8)
        head = dict(type='ParsingHead', in_channels=8, num_parts=2, position_encoder=encoder)
        neck = dict(type='DPU', in_channels=CHANNELS, out_channels=8)
        branch = dict(parsing_neck=neck, parsing_head=head)
    model = MODELS.build(
        dict(
            type='DROP',
            backbone=dict(BACKBONE, out_indices=(0, 1, 2, 3)),
            reid_neck=dict(type='UpsampleConcat'),
            reid_head=HEADS[name],
            **branch,
        )
    ).to(device)
    for _ in range(2):  # the bank holds a batch the second time
        model.zero_grad()
        samples = [
            ReIDDataSample(
                gt_label=label,
                gt_sem_seg=torch.randint(0, 3, (64, 32)).byte(),
                metainfo=dict(num_parts=2),
            )
            for label in (0, 0, 1, 1)
        ]
        losses = model(torch.randn(4, 3, 64, 32).to(device), samples, mode='loss')
        model.parse_losses(losses)[0].backward()
    return {key: p.grad for key, p in model.named_parameters() if p.grad is not None}


@pytest.mark.usefixtures('deterministic')
@pytest.mark.parametrize('name', HEADS)
def test_a_step_runs_deterministically_and_repeats_to_the_last_bit(name):
    first, again = gradients(name), gradients(name)
    assert first and all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.cuda
@pytest.mark.usefixtures('deterministic')
@pytest.mark.parametrize('name', HEADS)
def test_a_step_on_a_gpu_runs_deterministically(name, monkeypatch):
    monkeypatch.setenv('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
    first, again = gradients(name, 'cuda'), gradients(name, 'cuda')
    assert first and all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize(('rows', 'stripes'), [(6, 3), (7, 3), (24, 6), (5, 5), (11, 4)])
def test_stripes_are_those_of_adaptive_pooling(rows, stripes):
    x = torch.randn(2, 4, rows, 5)
    expected = torch.nn.functional.adaptive_avg_pool2d(x, (stripes, 1))[..., 0]
    rows = x.mean(3).transpose(1, 2)
    found = _stripe_shares(stripes, rows) @ rows
    torch.testing.assert_close(found.transpose(1, 2), expected)
