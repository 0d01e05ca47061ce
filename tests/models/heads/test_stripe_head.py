import pytest
import torch

from mmdrop.models import DROP, PartReIDHead, StripeReIDHead
from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample


def samples(labels):
    return [ReIDDataSample(gt_label=label, metainfo=dict(img_path='a.jpg')) for label in labels]


def stripe_head(**kwargs):
    torch.manual_seed(0)
    return StripeReIDHead(num_classes=3, in_channels=4, num_stripes=2, embed_channels=5, **kwargs)


def test_a_stripe_is_the_mean_of_its_rows():
    features = torch.arange(8.0).view(1, 1, 4, 2).expand(1, 4, 4, 2)  # rows 0 1, 2 3, 4 5, 6 7
    assert stripe_head().pool(features)[0, :, 0].tolist() == [1.5, 5.5]


def test_six_stripes_of_64_rows_overlap_by_a_row_as_adaptive_pooling_has_it():
    features = torch.arange(64.0).view(1, 1, 64, 1)
    pooled = StripeReIDHead(3, 1).pool(features)[0, :, 0]
    # rows floor(k 64/6) to before ceil((k + 1) 64/6)
    bounds = [(0, 11), (10, 22), (21, 32), (32, 43), (42, 54), (53, 64)]
    assert pooled.tolist() == [(a + b - 1) / 2 for a, b in bounds]


def test_a_map_of_too_few_rows_is_refused():
    with pytest.raises(ValueError, match='a map of 1 rows has no 2 stripes'):
        stripe_head().pool(torch.rand(1, 4, 1, 2))


def test_stripes_share_one_reduction_and_have_their_own_classifiers():
    head = stripe_head().eval()
    names = {name for name, _ in head.named_parameters()}
    assert (
        'necks.id_stripe_1.classifier.weight' in names and 'necks.id_stripe_2.norm.weight' in names
    )
    same = head.embed(torch.rand(1, 1, 4).expand(1, 2, 4))
    torch.testing.assert_close(same[:, 0], same[:, 1])


@pytest.mark.parametrize(
    ('loss', 'key'), [('PCTLoss', 'loss_pct'), ('HCTLoss', 'loss_hct'), (None, None)]
)
def test_a_part_loss_works_as_on_predicted_parts(loss, key):
    head = stripe_head(part_loss=dict(type=loss) if loss else None)
    losses = head.loss(torch.rand(4, 4, 6, 2), None, samples([0, 0, 1, 1]))
    expected = {'loss_id_stripe_1', 'loss_id_stripe_2', 'acc_id_stripe_1'}
    assert set(losses) == expected | ({key} if key else set())
    if loss == 'HCTLoss':
        assert head.part_loss.centres.shape == (3, 2, 5)


def test_the_weight_is_divided_among_the_stripes():
    assert stripe_head(parts_weight=3.0).identity_weights == {'stripe_1': 1.5, 'stripe_2': 1.5}


def test_a_bank_keeps_rows_of_former_batches_for_the_part_loss():
    features = torch.rand(4, 4, 6, 2)
    heads = [
        stripe_head(part_loss=dict(type='PCTLoss'), memory_bank=bank)
        for bank in (None, dict(type='PartMemoryBank', num_batches=2))
    ]
    for head in heads:
        head.loss(features.flip(0), None, samples([2, 2, 1, 1]))
    without, kept = (
        head.loss(features, None, samples([0, 0, 1, 1]))['loss_pct'].item() for head in heads
    )
    rows = torch.cat([heads[0].embed(heads[0].pool(x)) for x in (features, features.flip(0))])
    loss = heads[0].part_loss
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 1, 1])
    assert without == pytest.approx(loss(rows[:4], labels[:4]).item(), rel=1e-4)
    assert kept == pytest.approx(loss(rows, labels).item(), rel=1e-4) != pytest.approx(without)


def test_the_part_loss_reaches_the_features():
    head = stripe_head(part_loss=dict(type='PCTLoss', margin=9.0), parts_weight=0.0)
    features = torch.rand(4, 4, 6, 2, requires_grad=True)
    head.loss(features, None, samples([0, 0, 1, 1]))['loss_pct'].backward()
    assert features.grad.abs().sum() > 0


def test_dropout_is_for_training_alone():
    head = stripe_head(dropout=0.9, label_smoothing=0.0)
    features = torch.ones(2, 4, 6, 2)
    seen = []
    head.reduce_parts.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    head.loss(features, None, samples([0, 1]))
    head.eval().predict(features, None)
    assert (seen[0] == 0).any() and (seen[1] == 1).all()


def test_one_classifier_of_all_stripes_is_an_option():
    head = stripe_head(parts_identity='concat', parts_weight=2.0)
    assert list(head.necks) == ['id_parts'] and head.identity_weights == {'parts': 2.0}
    assert head.neck('parts').classifier.in_features == 10
    with pytest.raises(ValueError, match='parts_identity'):
        stripe_head(parts_identity='all')


def test_pcb_classifies_the_embedding_itself_and_is_tested_by_the_pooled_stripes():
    head = stripe_head(bnneck=False, test_pooled=True, dropout=0.5, label_smoothing=0.0).eval()
    features = torch.rand(2, 4, 6, 2)
    embeddings, visible, score = head.predict(features, None)
    torch.testing.assert_close(embeddings, head.pool(features))
    assert visible.all() and score.eq(1).all() and visible.shape == (2, 2)
    embedding = head.embed(head.pool(features))[:, 0]
    logits = embedding @ head.neck('stripe_1').classifier.weight.T
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2]))
    loss, _ = head.neck('stripe_1').loss(embedding, torch.tensor([0, 2]))
    torch.testing.assert_close(loss, expected)


def test_a_model_without_parsing_takes_stripes():
    model = DROP(
        backbone=dict(type='mmpretrain.ResNet', depth=18, out_indices=(3,), strides=(1, 2, 2, 1)),
        reid_neck=dict(type='UpsampleConcat'),
        reid_head=dict(type='StripeReIDHead', num_classes=3, in_channels=512),
    )
    (sample,) = model.eval()(torch.rand(1, 3, 96, 32), mode='predict')
    assert sample.embedding_names[-1] == 'stripe_6' and sample.embeddings.shape == (6, 512)


def part_head(**kwargs):
    return PartReIDHead(3, in_channels=6, num_parts=2, embed_channels=4, **kwargs)


def test_bpbreid_pools_the_foreground_over_all_pixels():
    wap = dict(type='WAP')
    head = part_head(pooling=wap, foreground_pooling=dict(wap, normalize=False)).eval()
    features, probabilities = torch.rand(2, 6, 8, 4), torch.randn(2, 3, 8, 4).softmax(1)
    embeddings = head.embed(features, probabilities)
    mask = probabilities[:, 1:].amax(1, keepdim=True)
    expected = head.reduce_foreground((features * mask).mean((2, 3)))
    torch.testing.assert_close(embeddings['foreground'], expected)
    part = probabilities[:, 1:2]
    mean = (features * part).sum((2, 3)) / part.sum((2, 3))
    torch.testing.assert_close(embeddings['parts'][:, 0], head.reduce_parts(mean))


@pytest.mark.parametrize('name', ['foreground', 'global'])
def test_a_triplet_loss_of_one_embedding_is_that_of_the_batch(name):
    head = part_head(**{f'{name}_loss': dict(type='PCTLoss', margin=0.3)})
    features, probabilities = torch.rand(4, 6, 8, 4), torch.randn(4, 3, 8, 4).softmax(1)
    data = samples([0, 0, 1, 1])
    losses = head.loss(features, probabilities, data)
    rows = head.embed(features, probabilities)[name][:, None]
    expected = MODELS.build(dict(type='PCTLoss'))(rows, torch.tensor([0, 0, 1, 1]))
    torch.testing.assert_close(losses[f'loss_triplet_{name}'], expected)


@pytest.mark.parametrize('name', ['foreground_loss', 'foreground_pooling'])
def test_options_of_the_foreground_need_a_foreground(name):
    with pytest.raises(ValueError, match='foreground_weight > 0'):
        part_head(foreground_weight=0, **{name: dict(type='PCTLoss')})


def test_a_global_triplet_loss_needs_a_global_embedding():
    with pytest.raises(ValueError, match='global_weight > 0'):
        part_head(global_weight=0, global_loss=dict(type='PCTLoss'))
