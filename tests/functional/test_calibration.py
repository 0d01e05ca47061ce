import math

import pytest
import torch

from mmdrop.functional import Calibration, fit_calibration, measure_reliability


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_evidence_is_of_what_both_images_show():
    calibration = Calibration(bias=tensor(3, 2), slope=tensor(-4, -1))
    distance = tensor([0.5, 1.0], [0.5, torch.inf], [torch.nan, 1.0])
    shared = torch.tensor([[True, True], [True, False], [False, False]])
    # 3 − 4·0.5 = 1 and 2 − 1 = 1
    assert calibration.evidence(distance, shared).tolist() == [[1, 1], [1, 0], [0, 0]]
    expected = [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-1)), 0.5]
    assert calibration.probability(distance, shared).tolist() == pytest.approx(expected)
    # At a prior of 1/5 the odds of e² are divided by 4.
    found = calibration.probability(distance, shared, prior=0.2)[0].item()
    assert found == pytest.approx(math.exp(2) / (math.exp(2) + 4))


@pytest.mark.parametrize('prior', [0, 1, -1])
def test_a_prior_is_between_0_and_1(prior):
    calibration = Calibration(tensor(1), tensor(1))
    with pytest.raises(ValueError, match='prior'):
        calibration.probability(tensor(1), torch.tensor([True]), prior)


def test_two_distances_give_the_odds_of_their_counts():
    # At distance 0 three genuine pairs and one impostor, at distance 1 one and three: each kind
    # weighs ½, so the odds are (3/4) / (1/4) = 3 at 0, and 1/3 at 1.
    distance = tensor(0, 0, 0, 1, 0, 1, 1, 1)[:, None]
    same = torch.tensor([True] * 4 + [False] * 4)
    found = fit_calibration(distance, torch.ones_like(distance, dtype=torch.bool), same, decay=0)
    assert found.bias.item() == pytest.approx(math.log(3), abs=1e-5)
    assert found.slope.item() == pytest.approx(-2 * math.log(3), abs=1e-5)


def test_the_number_of_impostors_does_not_matter():
    distance = tensor(0, 0, 0, 1, 0, 1, 1, 1)[:, None]
    same = torch.tensor([True] * 4 + [False] * 4)
    many, kinds = torch.cat([distance, distance[4:]]), torch.cat([same, same[4:]])
    one = fit_calibration(distance, torch.ones_like(distance, dtype=torch.bool), same)
    two = fit_calibration(many, torch.ones_like(many, dtype=torch.bool), kinds)
    torch.testing.assert_close(one.slope, two.slope)


def test_known_parameters_are_found():
    torch.manual_seed(0)
    truth = Calibration(tensor(4, 3, 2), tensor(-5, -3, -2))
    distance = torch.rand(40000, 3, dtype=torch.float64) * 2
    shared = torch.rand(40000, 3) < 0.7
    same = torch.rand(40000) < truth.probability(distance, shared)
    distance[~shared] = torch.inf  # as the distance of what is hidden
    # Both kinds weigh alike, which moves the odds of all by the same number.
    moved = math.log((~same).sum() / same.sum())
    # Add an embedding that is always shared, to take it up.
    distance = torch.cat([distance, torch.zeros(40000, 1, dtype=torch.float64)], 1)
    shared = torch.cat([shared, torch.ones(40000, 1, dtype=torch.bool)], 1)
    found = fit_calibration(distance, shared, same, decay=1e-9)
    torch.testing.assert_close(found.bias, tensor(4, 3, 2, moved), atol=0.2, rtol=0)
    torch.testing.assert_close(found.slope, tensor(-5, -3, -2, 0), atol=0.2, rtol=0)


def test_the_loss_is_at_its_least():
    torch.manual_seed(1)
    distance, shared = torch.rand(300, 2) * 2, torch.rand(300, 2) < 0.8
    same = torch.rand(300) < 0.3
    found = fit_calibration(distance, shared, same, decay=0.01)

    def loss(theta):
        calibration = Calibration(*theta.chunk(2))
        p = calibration.probability(distance, shared)
        entropy = -(p[same].log().mean() + (1 - p[~same]).log().mean()) / 2
        return entropy + 0.005 * theta.square().sum()

    best = torch.cat(found)
    for direction in torch.eye(4, dtype=torch.float64):
        for step in (1e-3, -1e-3):
            assert loss(best + step * direction) > loss(best)


def test_pairs_without_an_error_do_not_end_at_infinity():
    found = fit_calibration(
        tensor([0.1], [1.5]), torch.ones(2, 1, dtype=torch.bool), torch.tensor([True, False])
    )
    assert torch.cat(found).isfinite().all() and found.slope < 0


def test_pairs_of_one_kind_or_of_other_shapes_are_refused():
    distance, shared = torch.rand(3, 2), torch.ones(3, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match='one kind'):
        fit_calibration(distance, shared, torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match='one kind'):
        measure_reliability(distance[:, 0], torch.zeros(3, dtype=torch.bool))
    with pytest.raises(ValueError, match=r'\(3, 2\), \(3, 2\) and \(2,\)'):
        fit_calibration(distance, shared, torch.ones(2, dtype=torch.bool))


def test_reliability_by_hand():
    probability = tensor(0.9, 0.7, 0.9, 0.1, 0.1, 1.0)
    same = torch.tensor([True, True, False, False, False, True])
    found = measure_reliability(probability, same, num_bins=2)
    # Every pair weighs 1/6. Below ½: two, none genuine. Above: four, three of them genuine.
    assert found.weight.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert found.said.tolist() == pytest.approx([0.1, 0.875])
    assert found.true.tolist() == pytest.approx([0, 0.75])
    assert found.error == pytest.approx(0.1 / 3 + 0.125 * 2 / 3)


def test_reliability_weighs_kinds_by_the_prior_and_skips_empty_bins():
    probability, same = tensor(0.9, 0.9, 0.9), torch.tensor([True, False, False])
    found = measure_reliability(probability, same, prior=0.8, num_bins=10)
    # Genuine: 0.8, both impostors together 0.2.
    assert found.weight[9].item() == pytest.approx(1) and found.weight[:9].sum() == 0
    assert found.true[9].item() == pytest.approx(0.8) and found.said[:9].isnan().all()
    assert found.error == pytest.approx(0.1)


def test_a_fitted_calibration_is_reliable_on_new_pairs():
    torch.manual_seed(2)
    truth = Calibration(tensor(3, 2), tensor(-4, -2))
    distance, shared = torch.rand(60000, 2) * 2, torch.rand(60000, 2) < 0.8
    same = torch.rand(60000) < truth.probability(distance, shared)
    half = slice(30000), slice(30000, None)
    found = fit_calibration(distance[half[0]], shared[half[0]], same[half[0]])
    p = found.probability(distance[half[1]], shared[half[1]])
    assert measure_reliability(p, same[half[1]]).error < 0.02
    # Told without the evidence of the second embedding, the truth is missed.
    blind = shared[half[1]] & torch.tensor([True, False])
    p = found.probability(distance[half[1]], blind)
    assert measure_reliability(p, same[half[1]]).error > 0.04
