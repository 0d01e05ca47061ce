import math

import pytest
import torch

from mmdrop.models import HCTLoss, PCTLoss, SpatialSmoothedCELoss


def test_pct_of_hand_made_triplets():
    # K=2 parts in 1-D; mean part distances: d(0,1)=1, d(0,2)=3, d(1,2)=2
    embeddings = torch.tensor([[0.0, 0.0], [1.0, 1.0], [3.0, 3.0]])[..., None]
    pids = torch.tensor([7, 7, 9])
    # anchor 0: [1-3+1.5]+ = 0; anchor 1: [1-2+1.5]+ = 0.5; anchor 2 has no positive
    loss = PCTLoss(margin=1.5)(embeddings, pids)
    torch.testing.assert_close(loss, torch.tensor(0.25))


def test_pct_is_weighted():
    # d(0,1)=1, d(0,2)=3, d(1,2)=2: hinges 0 and [1-2+1.5]+ = 0.5, and row 2 has no positive
    rows, pids = torch.tensor([[0.0], [1.0], [3.0]])[..., None], torch.tensor([7, 7, 9])
    loss = PCTLoss(margin=1.5, loss_weight=2.0)(rows, pids)
    torch.testing.assert_close(loss, torch.tensor(0.5))


def test_pct_averages_parts_before_mining():
    # Per part, row 1 is nearest to the anchor in part 1 and row 2 in part 2 (distance 0 each), but
    # averaged over parts both negatives are at 2: hinge of anchor 0 is [1 - 2 + 2]+ = 1.
    rows = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 4.0], [4.0, 0.0]])[..., None]
    loss = PCTLoss(margin=2.0)(rows, torch.tensor([0, 0, 1, 2]), num_anchors=1)
    torch.testing.assert_close(loss, torch.tensor(1.0))


def loop_pct(embeddings, pids, visibility, margin):
    losses = []
    for i in range(len(pids)):
        positives, negatives = [], []
        for j in range(len(pids)):
            shared = [
                k for k in range(embeddings.shape[1]) if visibility[i, k] and visibility[j, k]
            ]
            if i == j or not shared:
                continue
            d = sum(math.dist(embeddings[i, k], embeddings[j, k]) for k in shared) / len(shared)
            (positives if pids[i] == pids[j] else negatives).append(d)
        if positives and negatives:
            losses.append(max(0.0, max(positives) - min(negatives) + margin))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('masked', [False, True])
def test_pct_agrees_with_loops(masked):
    torch.manual_seed(0)
    embeddings, pids = torch.randn(12, 3, 5), torch.randint(0, 4, (12,))
    visibility = torch.rand(12, 3) > (0.6 if masked else -1)
    expected = loop_pct(embeddings.double().numpy(), pids.tolist(), visibility.numpy(), 0.3)
    loss = PCTLoss(0.3)(embeddings, pids, visibility if masked else None)
    torch.testing.assert_close(loss, torch.tensor(expected).float(), rtol=1e-4, atol=1e-4)


def test_invisible_parts_do_not_matter():
    torch.manual_seed(0)
    embeddings, pids = torch.randn(6, 2, 3), torch.tensor([0, 0, 1, 1, 2, 2])
    visibility = torch.tensor([[True, False]] * 6)
    changed = embeddings.clone()
    changed[:, 1] = 100 * torch.randn(6, 3)
    losses = [PCTLoss()(e, pids, visibility) for e in (embeddings, changed)]
    torch.testing.assert_close(*losses)


@pytest.mark.parametrize('pids', [[0, 1, 2, 3], [0, 0, 0, 0]])
def test_pct_without_triplets_is_a_differentiable_zero(pids):
    embeddings = torch.rand(4, 8, 16, requires_grad=True)
    loss = PCTLoss()(embeddings, torch.tensor(pids))
    loss.backward()
    assert loss == 0 and embeddings.grad.isfinite().all()


def test_a_nan_embedding_is_seen_in_the_loss():
    embeddings = torch.rand(4, 2, 3)
    embeddings[1] = torch.nan
    assert PCTLoss()(embeddings, torch.tensor([0, 0, 1, 1])).isnan()


def test_pct_of_identical_rows_has_a_finite_gradient():
    embeddings = torch.ones(4, 2, 3, requires_grad=True)
    loss = PCTLoss(margin=0.3)(embeddings, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert embeddings.grad.isfinite().all()
    torch.testing.assert_close(loss, torch.tensor(0.3), rtol=0, atol=1e-3)


def test_parsing_loss_of_one_pixel_by_hand():
    # K+1 = 2 classes, one pixel, p = (0.8, 0.2), label 0, ε = 0.1: q = (0.95, 0.05)
    logits = torch.tensor([0.8, 0.2]).log().view(1, 2, 1, 1)
    expected = -0.95 * math.log(0.8) - 0.05 * math.log(0.2)
    loss = SpatialSmoothedCELoss(0.1)(logits, torch.zeros(1, 1, 1))
    torch.testing.assert_close(loss, torch.tensor(expected))


def test_spatial_term_of_two_pixels_by_hand():
    # Probabilities (0.8, 0.2) and (0.6, 0.4) side by side: Σ_k |Δ| = 0.4, over 2 pixels, γ = 0.5
    logits = torch.tensor([[0.8, 0.6], [0.2, 0.4]]).log().view(1, 2, 1, 2)
    labels = torch.zeros(1, 1, 2)
    with_term = SpatialSmoothedCELoss(0.0, gamma=0.5, reduction='sum')(logits, labels)
    without = SpatialSmoothedCELoss(0.0, gamma=0.0)(logits, labels)
    torch.testing.assert_close(with_term - without, torch.tensor(0.5 * 0.4 / 2))


def test_with_a_height_for_gamma_the_loss_is_that_of_the_same_picture_at_any_size():
    # Every pixel becomes 2 × 2: four times the pixels, twice the pairs across borders, and twice
    # the weight γ · h / H.
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 4, 3, 5), torch.randint(0, 4, (2, 3, 5))

    def larger(x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)

    scaled = SpatialSmoothedCELoss(0.1, 0.5, gamma_height=6)
    torch.testing.assert_close(scaled(larger(logits), larger(labels)), scaled(logits, labels))
    literal = SpatialSmoothedCELoss(0.1, 0.5)
    torch.testing.assert_close(
        literal(larger(logits), larger(labels)), scaled(larger(logits), larger(labels))
    )
    assert literal(logits, labels) > scaled(logits, labels)


def loop_parsing_loss(logits, labels, smoothing, gamma):
    probabilities = logits.softmax(1)
    batch, classes, height, width = logits.shape
    total, pixels = 0.0, 0
    for b in range(batch):
        for y in range(height):
            for x in range(width):
                if labels[b, y, x] == 255:
                    continue
                pixels += 1
                for k in range(classes):
                    hit = labels[b, y, x] == k
                    q = 1 - (classes - 1) / classes * smoothing if hit else smoothing / classes
                    p = probabilities[b, k]
                    total -= q * p[y, x].log()
                    for v, u in ((y + 1, x), (y, x + 1)):
                        if v < height and u < width and labels[b, v, u] != 255:
                            total += gamma * (p[v, u] - p[y, x]).abs()
    return total / pixels


def test_parsing_loss_agrees_with_equation_8_written_as_loops():
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 3, 5)
    labels = torch.randint(0, 4, (2, 3, 5))
    labels[0, 1:, 2:] = 255
    loss = SpatialSmoothedCELoss(0.1, 0.5, reduction='sum')(logits, labels)
    torch.testing.assert_close(loss, loop_parsing_loss(logits, labels, 0.1, 0.5))


def test_mean_over_classes_and_its_gradient_by_hand():
    # p(class 0) = 0.8 and 0.6 side by side: mean over 2 classes of |Δ| is 0.2, over 2 pixels.
    logits = torch.tensor([[0.8, 0.6], [0.2, 0.4]]).log().view(1, 2, 1, 2).requires_grad_()
    labels = torch.zeros(1, 1, 2)
    with_term = SpatialSmoothedCELoss(0.0, gamma=0.5, reduction='mean')(logits, labels)
    term = with_term - SpatialSmoothedCELoss(0.0, gamma=0.0)(logits, labels)
    torch.testing.assert_close(term, torch.tensor(0.5 * 0.2 / 2))
    # term = 0.5 · (p - p') / 2, and dp/dlogit_0 = p (1 - p) = -dp/dlogit_1: 0.16 and 0.24
    term.backward()
    expected = torch.tensor([[0.25 * 0.16, -0.25 * 0.24], [-0.25 * 0.16, 0.25 * 0.24]])
    torch.testing.assert_close(logits.grad[0, :, 0], expected)


@pytest.mark.parametrize('gamma_height', [None, 6])
def test_mean_over_classes_is_the_sum_with_a_smaller_gamma(gamma_height):
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 4, 3, 5), torch.randint(0, 4, (2, 3, 5))
    labels[0, 1:, 2:] = 255
    mean = SpatialSmoothedCELoss(0.1, 0.5, gamma_height, 'mean')(logits, labels)
    divided = SpatialSmoothedCELoss(0.1, 0.5 / 4, gamma_height, 'sum')(logits, labels)
    torch.testing.assert_close(mean, divided)  # 4 = K + 1 classes
    scale = 1 if gamma_height is None else 3 / 6
    expected = loop_parsing_loss(logits, labels, 0.1, 0.5 * scale / 4)
    torch.testing.assert_close(mean, expected)


def test_an_unknown_reduction_is_refused():
    for reduction in ('none', 'avg', None):
        with pytest.raises(
            ValueError, match=f"reduction must be 'sum' or 'mean', got {reduction!r}"
        ):
            SpatialSmoothedCELoss(reduction=reduction)


@pytest.mark.parametrize('reduction', ['sum', 'mean'])
def test_a_batch_without_labels_is_a_differentiable_zero(reduction):
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    loss = SpatialSmoothedCELoss(reduction=reduction)(logits, torch.full((2, 4, 4), 255))
    loss.backward()
    assert loss == 0 and logits.grad.eq(0).all()


def hct(centres, **kwargs):
    loss = HCTLoss(**kwargs)
    loss.make_centres(*centres.shape)
    loss.centres.data = centres
    return loss


def test_hct_of_hand_made_centres():
    # One part in 1-D. Centre of class 0 at 0: its rows at 1 and 2, the nearest other row at 2.5:
    # [2 - 2.5 + 1]+ = 0.5. Centre of class 1 at 6: its row at distance 3.5, the nearest other row,
    # 2, at distance 4: [3.5 - 4 + 1]+ = 0.5. Centre of class 2 is not in the batch.
    rows, pids = torch.tensor([[1.0], [2.0], [2.5]])[..., None], torch.tensor([0, 0, 1])
    centres = torch.tensor([[[0.0]], [[6.0]], [[2.2]]])
    torch.testing.assert_close(hct(centres, margin=1.0)(rows, pids).detach(), torch.tensor(0.5))
    # Squared: [4 - 6.25 + 1]+ = 0 and [12.25 - 16 + 1]+ = 0, with margin 3: 0.75 and 0
    loss = hct(centres, margin=3.0, squared=True, loss_weight=2.0)(rows, pids)
    torch.testing.assert_close(loss.detach(), torch.tensor(0.75))


def loop_hct(rows, pids, centres, visible, margin):
    hinges = []
    for k in range(len(rows[0])):
        for pid in sorted(set(pids)):
            distance = [math.dist(row[k], centres[pid][k]) for row in rows]
            shown = [n for n in range(len(pids)) if visible[n][k]]
            own = [distance[n] for n in shown if pids[n] == pid]
            other = [distance[n] for n in shown if pids[n] != pid]
            if own and other:
                hinges.append(max(0.0, max(own) - min(other) + margin))
    return sum(hinges) / len(hinges)


@pytest.mark.parametrize('masked', [False, True])
def test_hct_agrees_with_loops(masked):
    torch.manual_seed(0)
    rows, pids, centres = torch.randn(9, 3, 5), torch.randint(0, 4, (9,)), torch.randn(6, 3, 5)
    visible = torch.rand(9, 3) > (0.6 if masked else -1)
    expected = loop_hct(
        *(x.tolist() for x in (rows.double(), pids, centres.double(), visible)), margin=0.3
    )
    loss = hct(centres)(rows, pids, visible if masked else None)
    torch.testing.assert_close(loss.item(), expected, rtol=1e-4, atol=1e-4)


def test_hct_trains_rows_and_the_centres_of_the_batch_alone():
    torch.manual_seed(0)
    rows = torch.randn(4, 2, 5, requires_grad=True)
    loss = hct(torch.randn(3, 2, 5), margin=9.0)
    loss(rows, torch.tensor([0, 0, 2, 2])).backward()
    moved = loss.centres.grad.abs().sum((1, 2)) > 0
    assert moved.tolist() == [True, False, True] and rows.grad.isfinite().all()


def test_hct_may_take_the_centres_of_the_first_rows_alone():
    torch.manual_seed(0)
    rows, pids = torch.randn(6, 2, 5), torch.tensor([0, 0, 1, 2, 0, 2])
    centres = torch.randn(3, 2, 5)
    expected = 0.0
    for pid in (0, 1):  # identities of the first three rows, each once
        for k in range(2):
            distance = (rows[:, k] - centres[pid, k]).norm(dim=1)
            own = pids == pid
            expected += max(0.0, float(distance[own].max() - distance[~own].min()) + 9.0) / 4
    value = hct(centres, margin=9.0)(rows, pids, num_anchors=3)
    torch.testing.assert_close(value.item(), expected)


def test_hct_draws_its_centres_at_random():
    loss = HCTLoss()
    torch.manual_seed(0)
    loss.make_centres(50, 2, 40)
    assert loss.centres.shape == (50, 2, 40)
    assert abs(loss.centres.std().item() - 1) < 0.05 and abs(loss.centres.mean().item()) < 0.05


def test_hct_without_another_identity_is_a_differentiable_zero():
    rows = torch.randn(4, 2, 5, requires_grad=True)
    value = hct(torch.randn(3, 2, 5))(rows, torch.tensor([1, 1, 1, 1]))
    value.backward()
    assert value == 0 and rows.grad.eq(0).all()
    with pytest.raises(RuntimeError, match='has no centres'):
        HCTLoss()(rows, torch.tensor([0, 0, 1, 1]))
