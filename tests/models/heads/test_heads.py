import math

import pytest
import torch
import torch.nn.functional as F

from mmdrop.models import (
    BNNeck,
    GlobalReIDHead,
    ParsingHead,
    PartReIDHead,
    PedestrianPositionEncoder,
)
from mmdrop.structures import ReIDDataSample


def part_head(**kwargs):
    kwargs = dict(num_classes=3, in_channels=6, num_parts=2, embed_channels=4) | kwargs
    return PartReIDHead(part_loss=dict(type='PCTLoss'), **kwargs)


def samples(labels, num_parts=2, size=(8, 4)):
    return [
        ReIDDataSample(
            gt_label=label,
            gt_sem_seg=torch.full(size, label % (num_parts + 1), dtype=torch.uint8),
            metainfo=dict(num_parts=num_parts, img_path=f'{i}.jpg'),
        )
        for i, label in enumerate(labels)
    ]


def features_and_probabilities(batch=4):
    return torch.rand(batch, 6, 8, 4), torch.randn(batch, 3, 8, 4).softmax(1)


def test_labels_of_a_compiled_step_are_not_pinned_which_tracing_refuses():
    graphs = []

    def keep(graph, _):
        graphs.append(graph.code)
        return lambda *_: [torch.tensor([0, 2])]

    labels = torch.compile(part_head().labels, backend=keep, fullgraph=True)
    labels(samples([0, 2]), torch.device('cuda'))
    assert len(graphs) == 1 and 'cuda' in graphs[0]


def test_label_smoothed_identity_loss_by_hand():
    # Zero weights: uniform logits, so the loss is log(3) whatever ε, and class 0 is predicted.
    neck = BNNeck(4, num_classes=3)
    torch.nn.init.zeros_(neck.classifier.weight)
    loss, accuracy = neck.loss(torch.randn(5, 4), torch.tensor([0, 0, 1, 2, 0]))
    torch.testing.assert_close(loss, torch.tensor(math.log(3)))
    torch.testing.assert_close(accuracy, torch.tensor(60.0))


def test_bnneck_bias_is_frozen_and_zero():
    bias = BNNeck(4, 3).norm.bias
    assert not bias.requires_grad and bias.eq(0).all()


def test_foreground_pools_under_the_maximum_of_the_parts():
    features, probabilities = features_and_probabilities()
    head = part_head().eval()
    foreground = probabilities[:, 1:].amax(1, keepdim=True)
    expected = head.reduce_foreground(head.pooling(features, foreground)[:, 0])
    torch.testing.assert_close(head.embed(features, probabilities)['foreground'], expected)


def test_every_part_shares_one_reduction():
    features, probabilities = features_and_probabilities()
    head = part_head().eval()
    pooled = head.pooling(features, probabilities[:, 1:])
    expected = torch.stack([head.reduce_parts(pooled[:, k]) for k in range(2)], 1)
    torch.testing.assert_close(head.embed(features, probabilities)['parts'], expected)


def test_prediction_takes_foreground_behind_and_parts_before_batch_norm():
    head = part_head().eval()
    inputs = features_and_probabilities()
    embeddings, visible, score = head.predict(*inputs)
    raw = head.embed(*inputs)
    assert head.embedding_names == ('global', 'foreground', 'part_1', 'part_2')
    torch.testing.assert_close(embeddings[:, 1], head.neck('foreground')(raw['foreground']))
    torch.testing.assert_close(embeddings[:, 2:], raw['parts'])
    assert visible.shape == score.shape == (4, 4)


def test_a_part_is_visible_above_40_percent():
    # Largest probability of part 1 is 0.41, of part 2 exactly 0.4
    probabilities = torch.tensor([[0.19, 0.41, 0.40], [0.9, 0.05, 0.05]]).T.view(1, 3, 2, 1)
    assert part_head().visible(probabilities).tolist() == [[True, False]]


def test_argmax_visibility_wants_one_pixel_won():
    # Part 1 wins no pixel although it reaches 0.45; part 2 wins the second pixel.
    probabilities = torch.tensor([[0.5, 0.45, 0.05], [0.3, 0.3, 0.4]]).T.view(1, 3, 2, 1)
    head = part_head(visibility='argmax')
    assert head.visible(probabilities).tolist() == [[False, True]]


def test_foreground_and_global_are_always_visible():
    _, visible, score = part_head().eval().predict(torch.rand(1, 6, 8, 4), torch.zeros(1, 3, 8, 4))
    assert visible.tolist() == [[True, True, False, False]]
    assert score.tolist() == [[1, 1, 0, 0]]


def test_head_logs_the_documented_keys():
    losses = part_head().loss(*features_and_probabilities(), samples([0, 0, 1, 1]))
    assert set(losses) == {
        'loss_id_global',
        'loss_id_foreground',
        'acc_id_foreground',
        'loss_id_parts',
        'loss_pct',
    }


def test_no_classifier_is_built_for_a_weight_of_zero():
    head = part_head(global_weight=0, parts_weight=0)
    assert list(head.necks) == ['id_foreground'] and not hasattr(head, 'reduce_global')
    assert head.embedding_names == ('foreground', 'part_1', 'part_2')
    losses = head.loss(*features_and_probabilities(), samples([0, 0, 1, 1]))
    assert 'loss_id_global' not in losses and 'loss_id_parts' not in losses


def test_identity_losses_of_each_part_are_averaged():
    head = part_head(parts_identity='each', parts_weight=1.0)
    assert head.identity_weights['part_1'] == head.identity_weights['part_2'] == 0.5


def test_without_a_bank_the_loss_sees_the_current_batch_alone():
    head, inputs = part_head(memory_bank=None), features_and_probabilities()
    first = head.loss(*inputs, samples([0, 0, 1, 1]))['loss_pct']
    head.loss(*features_and_probabilities(), samples([0, 0, 1, 1]))
    torch.testing.assert_close(head.loss(*inputs, samples([0, 0, 1, 1]))['loss_pct'], first)


def test_batch_anchors_differ_from_all_anchors_only_with_a_bank():
    torch.manual_seed(0)
    bank = dict(type='PartMemoryBank', num_batches=2)
    heads = [part_head(memory_bank=bank, anchors=a) for a in ('all', 'batch')]
    heads[1].load_state_dict(heads[0].state_dict())
    batches = [features_and_probabilities() for _ in range(2)]
    losses = [[h.loss(*b, samples([0, 0, 1, 1]))['loss_pct'] for b in batches] for h in heads]
    torch.testing.assert_close(losses[0][0], losses[1][0])
    assert losses[0][1] != losses[1][1]


def test_a_label_outside_the_classifier_is_named():
    with pytest.raises(ValueError, match=r'gt_label 3 is not in \[0, 3\).*num_classes'):
        part_head().loss(*features_and_probabilities(), samples([0, 0, 3, 3]))


def test_a_batch_of_one_identity_trains():
    losses = part_head().loss(*features_and_probabilities(), samples([1, 1, 1, 1]))
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert losses['loss_pct'] == 0


@pytest.mark.parametrize(
    'wrong', [dict(anchors='some'), dict(parts_identity='x'), dict(visibility=2)]
)
def test_misspelt_options_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        part_head(**wrong)


def test_global_head_has_one_embedding_and_a_triplet_loss():
    head = GlobalReIDHead(3, 6, 4, triplet_loss=dict(type='PCTLoss'))
    losses = head.loss(torch.rand(4, 6, 8, 4), None, samples([0, 0, 1, 1]))
    assert set(losses) == {'loss_id_global', 'acc_id_global', 'loss_triplet'}
    embeddings, visible, _ = head.eval().predict(torch.rand(2, 6, 8, 4), None)
    assert embeddings.shape == (2, 1, 4) and visible.all()


def test_position_encoder_knows_the_height_alone():
    encoding = PedestrianPositionEncoder(8).eval()(6, 4)
    assert encoding.shape == (1, 8, 6, 4)
    torch.testing.assert_close(encoding, encoding[..., :1].expand(-1, -1, -1, 4))
    assert not torch.equal(encoding[:, :, 0], encoding[:, :, -1])


def test_two_dimensional_position_encoder_knows_the_width():
    encoding = PedestrianPositionEncoder(8, dims=2).eval()(6, 4)
    assert not torch.equal(encoding[..., 0], encoding[..., -1])
    with pytest.raises(ValueError, match='dims'):
        PedestrianPositionEncoder(8, dims=3)


def test_parsing_head_adds_the_position_embedding():
    encoder = dict(type='PedestrianPositionEncoder', channels=5)
    head = ParsingHead(5, num_parts=2, position_encoder=encoder).eval()
    features = torch.randn(2, 5, 8, 4)
    expected = head.classifier(head.norm(features + head.position_encoder(8, 4)))
    torch.testing.assert_close(head(features), expected)


def test_parsing_loss_reads_labels_at_the_size_of_the_logits():
    # A label of constant colour is the same at every size; logits of ±20 make its accuracy 100 %.
    head = ParsingHead(5, num_parts=2)
    data = samples([0, 1], size=(16, 8))
    logits = 40 * F.one_hot(torch.tensor([0, 1]), 3).float()[:, :, None, None].expand(2, 3, 4, 2)
    losses = head.loss(logits, data)
    assert losses['acc_parsing'] == 100
    half = torch.cat([logits[:1], logits[:1]])
    assert head.loss(half, data)['acc_parsing'] == 50


def unlabelled(num_parts=2):
    """A sample of a set without parsing labels, joined with one that has them."""
    return ReIDDataSample(gt_label=0, metainfo=dict(num_parts=num_parts, img_path='a.jpg'))


def test_samples_without_a_label_take_no_part_in_the_parsing_loss():
    head = ParsingHead(5, num_parts=2)
    labelled = samples([0, 1], size=(16, 8))
    logits = torch.randn(4, 3, 4, 2, requires_grad=True)
    losses = head.loss(logits, [labelled[0], unlabelled(), labelled[1], unlabelled()])
    torch.testing.assert_close(losses, head.loss(logits[[0, 2]], labelled))
    losses['loss_parsing'].backward()
    assert logits.grad[[1, 3]].eq(0).all() and logits.grad[[0, 2]].ne(0).any()


def test_of_a_batch_without_labels_the_parsing_loss_is_a_zero_that_reaches_every_parameter():
    encoder = dict(type='PedestrianPositionEncoder', channels=5)
    head = ParsingHead(5, num_parts=2, position_encoder=encoder)
    losses = head.loss(head(torch.randn(2, 5, 8, 4)), [unlabelled(), unlabelled()])
    assert list(losses) == ['loss_parsing'] and losses['loss_parsing'] == 0
    losses['loss_parsing'].backward()  # DistributedDataParallel waits for every gradient
    assert all(p.grad is not None and p.grad.eq(0).all() for p in head.parameters())


def test_a_sample_without_a_label_must_be_of_as_many_parts_as_the_model():
    with pytest.raises(ValueError, match=r'a\.jpg: the label source makes 3 parts.*has 2'):
        ParsingHead(5, num_parts=2).loss(torch.randn(1, 3, 4, 2), [unlabelled(3)])


def test_a_missing_label_and_a_wrong_number_of_parts_are_named():
    head = ParsingHead(5, num_parts=8)
    with pytest.raises(ValueError, match=r'0\.jpg: the label source makes 2 parts.*has 8'):
        head.loss(torch.randn(1, 9, 4, 2), samples([0]))
    unknown = ReIDDataSample(gt_label=0, metainfo=dict(img_path='a.jpg'))
    with pytest.raises(ValueError, match=r'a\.jpg: no parsing label'):
        head.loss(torch.randn(1, 9, 4, 2), [unknown])
