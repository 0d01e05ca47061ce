import numpy as np
import pytest
import torch

from mmdrop.functional import evaluate_verification, part_distance
from mmdrop.functional import verification as module


def on_circle(angles):
    """Embeddings ``(N, 1, 2)`` at angles to 0°, where an angle α is a distance of 2 sin(α / 2)."""
    radians = torch.deg2rad(torch.tensor(angles, dtype=torch.float32))
    return torch.stack([radians.cos(), radians.sin()], -1)[:, None]


def hand_made(**options):
    """One query at 0° and one at 180°; 60° are a distance of 1, 90° of √2, 180° of 2.

    From query 0 (pid 1, camera 0) and query 1 (pid 2, camera 0):

                   at     pid  camid   distances
        image 0    60°     1     1      1    √3
        image 1    90°     2     1      √2   √2
        image 2   180°     0     1      2    0
        image 3     0°     1     0      0 (junk)   2
        image 4   180°    −1     1      dropped
    """
    return evaluate_verification(
        on_circle([0, 180]),
        on_circle([60, 90, 180, 0, 180]),
        query_pids=[1, 2],
        gallery_pids=[1, 2, 0, 1, -1],
        query_camids=[0, 0],
        gallery_camids=[1, 1, 1, 0, 1],
        **options,
    )


@pytest.mark.parametrize('chunk_size', [None, 1])
def test_hand_made_pairs(chunk_size):
    found = hand_made(chunk_size=chunk_size)
    # Genuine pairs: 1, √2. Impostor pairs: √2, 2 of query 0; √3, 0, 2 of query 1.
    for distance, tpr, fpr in ((-0.1, 0, 0), (0.01, 0, 1), (1.01, 1, 1), (1.42, 2, 2), (1.8, 2, 3)):
        place = int((found.threshold <= distance).sum()) - 1
        place = max(place, 0)
        assert found.tpr[place].item() == pytest.approx(tpr / 2)
        assert found.fpr[place].item() == pytest.approx(fpr / 5)
    assert found.fpr[-1] == found.tpr[-1] == 1
    torch.testing.assert_close(found.mate, torch.tensor([1.0, 2**0.5]))
    torch.testing.assert_close(found.other, torch.tensor([2**0.5, 0.0]), rtol=0, atol=1e-3)


def test_hand_made_scores():
    found = hand_made()
    scores = found.scores(fpr=(0.1, 0.2, 0.5), fpir=(0.0, 0.5, 1.0))
    # No impostor accepted: below 0, nobody. One of five: up to √2, the first genuine pair. Two of
    # five: below √3, both.
    assert (scores['TPR@FPR=0.1'], scores['TPR@FPR=0.2'], scores['TPR@FPR=0.5']) == (0, 50, 100)
    # Query 0 is right at 1, query 1 is not. Both unknown get no answer below 0, one of them none
    # below √2.
    assert scores['TPIR@FPIR=0'] == 0
    assert scores['TPIR@FPIR=0.5'] == scores['TPIR@FPIR=1'] == 50
    assert 1 < found.alarm_threshold(0.5) < 2**0.5 and found.alarm_threshold(0) < 0.001
    assert found.pair_threshold(0.2) == pytest.approx(2**0.5, abs=1e-4)


def random_sides(seed, num_queries=30, num_gallery=80, parts=3):
    rng = torch.Generator().manual_seed(seed)
    sides = []
    for number, pids in ((num_queries, 9), (num_gallery, 12)):
        sides.append(
            dict(
                embeddings=torch.randn(number, parts, 4, generator=rng),
                visibility=torch.rand(number, parts, generator=rng) < 0.7,
                pids=torch.randint(-1, pids, (number,), generator=rng),
                camids=torch.randint(-1, 3, (number,), generator=rng),
            )
        )
    return sides


def slow_pairs(query, gallery, distance):
    """Genuine and impostor distances, and each query's nearest mate and nearest other."""
    genuine, impostor, nearest = [], [], []
    for q in range(len(query['pids'])):
        pid, camid = query['pids'][q].item(), query['camids'][q].item()
        mates, others = [], []
        for g in range(len(gallery['pids'])):
            other_pid, other_camid = gallery['pids'][g].item(), gallery['camids'][g].item()
            if other_pid == -1:
                continue
            same = pid == other_pid
            if same and camid == other_camid != -1:
                continue  # junk
            (mates if same else others).append(distance[q, g])
        genuine += mates
        impostor += others
        if mates:
            nearest.append((min(mates), min(others)))
    return np.array(genuine), np.array(impostor), np.array(nearest)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize(('chunk_size', 'squared'), [(None, False), (7, False), (None, True)])
def test_rates_agree_with_loops(seed, chunk_size, squared):
    query, gallery = random_sides(seed)
    labels = {
        f'{name}_{key}': side[key]
        for name, side in (('query', query), ('gallery', gallery))
        for key in ('pids', 'camids', 'visibility')
    }
    found = evaluate_verification(
        query['embeddings'],
        gallery['embeddings'],
        **labels,
        chunk_size=chunk_size,
        squared=squared,
    )
    distance = (
        part_distance(
            query['embeddings'],
            gallery['embeddings'],
            query['visibility'],
            gallery['visibility'],
            squared=squared,
        )
        .double()
        .numpy()
    )
    genuine, impostor, nearest = slow_pairs(query, gallery, distance)
    threshold = found.threshold.numpy()
    np.testing.assert_allclose(
        found.tpr, (genuine[:, None] <= threshold).mean(0), rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        found.fpr, (impostor[:, None] <= threshold).mean(0), rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(np.stack([found.mate, found.other], 1), nearest, rtol=1e-6)
    for share in (0.0, 0.1, 0.34, 1.0):
        limit = found.alarm_threshold(share)
        alarms = (nearest[:, 1] <= limit).mean()
        assert alarms <= share
        # One more would be too many: a threshold at the next nearest other gives more alarms.
        beyond = nearest[nearest[:, 1] > limit, 1]
        assert not len(beyond) or (nearest[:, 1] <= beyond.min()).mean() > share
        right = (nearest[:, 0] < nearest[:, 1]) & (nearest[:, 0] <= limit)
        assert found.scores(fpir=[share])[f'TPIR@FPIR={share:g}'] == pytest.approx(
            100 * right.mean()
        )


def test_equal_errors_where_they_meet():
    # Genuine at 0.2, 0.4, 0.6, 1.2; impostors at 0.5, 1.0, 1.4, 1.8: from 0.6 on, one in four of
    # each is wrong.
    angles = [2 * np.degrees(np.arcsin(d / 2)) for d in (0.2, 0.4, 0.6, 1.2, 0.5, 1.0, 1.4, 1.8)]
    found = evaluate_verification(
        on_circle([0]), on_circle(angles), [1], [1] * 4 + [2] * 4, [0], [1] * 8
    )
    assert found.scores()['EER'] == pytest.approx(25)


def test_distances_that_share_nothing_are_never_accepted():
    visible = torch.tensor([[True], [False], [True]])
    found = evaluate_verification(
        on_circle([0]),
        on_circle([0, 0, 60]),
        [1],
        [1, 1, 2],
        [0],
        [1, 1, 1],
        query_visibility=visible[:1],
        gallery_visibility=visible,
    )
    assert found.tpr[-1] == 0.5 and found.fpr[-1] == 1


@pytest.mark.parametrize(('pid', 'kind'), [(1, 'impostor'), (2, 'genuine')])
def test_a_set_without_pairs_of_a_kind_is_named(pid, kind):
    with pytest.raises(ValueError, match=f'there is no {kind} pair'):
        evaluate_verification(on_circle([0]), on_circle([60]), [1], [pid], [0], [1])


def test_memory_does_not_grow_with_the_queries(monkeypatch):
    monkeypatch.setattr(module, '_CHUNK_PAIRS', 160)
    query, gallery = random_sides(0)
    labels = [side[key] for key in ('pids', 'camids') for side in (query, gallery)]
    one = evaluate_verification(query['embeddings'], gallery['embeddings'], *labels)
    whole = evaluate_verification(
        query['embeddings'], gallery['embeddings'], *labels, chunk_size=30
    )
    # A distance at the edge of a step may be rounded to the next one: of 65,537, a few.
    assert sum((getattr(one, x) != getattr(whole, x)).sum() for x in ('tpr', 'fpr')) < 10
    for a, b in zip(one, whole, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1 / 50)
