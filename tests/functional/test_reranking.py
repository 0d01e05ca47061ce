from math import exp, inf

import pytest
import torch
from slow_reranking import slow_rerank

from mmdrop.evaluation import ReIDMetric
from mmdrop.functional import KReciprocalReranking, evaluate_ranking, part_distance
from mmdrop.functional import reranking as module


class OfDistances(KReciprocalReranking):
    """Re-ranking of given distances instead of those of embeddings."""

    def __init__(self, distance, num_queries, **kwargs):
        self.given = torch.tensor(distance)
        anything = torch.zeros(len(distance), 1, 1)
        super().__init__(anything[:num_queries], anything[num_queries:], **kwargs)

    def _distance(self, rows, first=0):
        return self.given[rows, first:].clone()

    def _pair_distance(self, i, j):
        return self.given[i, j]


def on_a_line(positions, infinite=()):
    distance = [[abs(float(a - b)) for b in positions] for a in positions]
    for i, j in infinite:
        distance[i][j] = distance[j][i] = inf
    return distance


def check(distance, num_queries, expected, **kwargs):
    rows = torch.arange(num_queries)
    result = OfDistances(distance, num_queries, **kwargs)(rows)
    torch.testing.assert_close(result, torch.tensor(expected), rtol=0, atol=1e-6)
    slow = slow_rerank(distance, num_queries, kwargs['k1'], kwargs['k2'], 0.3)
    torch.testing.assert_close(torch.tensor(slow), torch.tensor(expected), rtol=0, atol=1e-9)


def final(overlap, share):
    """Of an overlap m of two vectors, and a squared distance over the row's largest."""
    return 0.7 * (1 - overlap / (2 - overlap)) + 0.3 * share


def weights(size, **squared):
    """Vector of a row with this largest square: image to weight."""
    values = {int(key[1:]): exp(-square / size) for key, square in squared.items()}
    return {key: value / sum(values.values()) for key, value in values.items()}


# Positions 9, 3 | 0, 5, 8, 12. First three of each row: 0 4 5, 1 3 2, 2 1 3, 3 1 4, 4 0 3, 5 0 4.
# Mutual: {0 4 5}, {1 2 3}, {1 2} (3 lacks 2), {1 3 4}, {0 3 4}, {0 5} (4 lacks 5). With k1 = 2 no
# candidate of two images passes the test of two thirds unless it adds nothing.
LINE = (9, 3, 0, 5, 8, 12)


def test_reciprocal_sets_by_hand():
    v0, v1 = weights(81, _0=0, _4=1, _5=9), weights(81, _1=0, _2=9, _3=4)
    v3, v4 = weights(49, _1=4, _3=0, _4=9), weights(64, _0=1, _3=9, _4=0)
    expected = [
        [
            final(0, 81 / 81),
            final(v3[4], 16 / 81),  # 4 is in both, with less weight for 3
            final(v4[0] + v0[4], 1 / 81),
            final(v0[0] + v0[5], 9 / 81),
        ],
        [
            final(v1[1] + v1[2], 9 / 81),
            final(v3[1] + v1[3], 4 / 81),
            final(v4[3], 25 / 81),
            final(0, 81 / 81),
        ],
    ]
    check(on_a_line(LINE), 2, expected, k1=2, k2=1)


def test_averaging_over_two_neighbours_makes_nearest_pairs_equal():
    # First two: 0 4, 1 3, 2 1, 3 1, 4 0, 5 0. So 0 and 4 have one vector, and 1 and 3: m = 1.
    result = OfDistances(on_a_line(LINE), 2, k1=2, k2=2)(torch.arange(2))
    torch.testing.assert_close(result[0, 2].item(), 0.3 * 1 / 81)
    torch.testing.assert_close(result[1, 1].item(), 0.3 * 4 / 81)


def test_pairs_that_share_no_part_are_never_neighbours():
    # As above without the pairs (0, 2) and (0, 4). Row 0: first three 0 5 3, largest square 36;
    # mutual {0 5}. Row 4: 4 3 5, {3 4 5}, largest 64. Row 5: {0 4 5}, now that 4 has 5.
    v0, v1 = weights(36, _0=0, _5=9), weights(81, _1=0, _2=9, _3=4)
    v3, v4 = weights(49, _1=4, _3=0, _4=9), weights(64, _3=9, _4=0, _5=16)
    v5 = weights(144, _0=9, _4=16, _5=0)
    assert v5[0] < v0[0] and v5[5] < v0[5]
    expected = [
        [inf, final(0, 16 / 36), inf, final(v5[0] + v5[5], 9 / 36)],
        [
            final(v1[1] + v1[2], 9 / 81),
            final(v3[1] + v1[3], 4 / 81),
            final(v4[3], 25 / 81),
            final(0, 81 / 81),
        ],
    ]
    check(on_a_line(LINE, [(0, 2), (0, 4)]), 2, expected, k1=2, k2=1)


def test_a_neighbours_set_is_added_when_more_than_two_thirds_of_it_are_there():
    # Positions 10, 0 | 28, 25, 15, 21, 16, 12, lists of seven. Image 2 (at 28) has {2 3 4 5 6};
    # the four nearest of 6, {4 5 6 7}, share three with it, more than 8/3: 7 comes in. Those of 4,
    # {0 4 6 7}, share two: no. Image 1 (at 0) has {0 1 7}; {0 4 7} of 0 shares two of three,
    # exactly two thirds: no. So 1 and 2 have image 7 in common, and nothing else.
    v1, v2 = (
        weights(784, _0=100, _1=0, _7=144),
        weights(784, _2=0, _3=9, _4=169, _5=49, _6=144, _7=256),
    )
    distance = on_a_line((10, 0, 28, 25, 15, 21, 16, 12))
    result = OfDistances(distance, 2, k1=6, k2=1)(torch.arange(2))
    assert v2[7] < v1[7]
    torch.testing.assert_close(result[1, 0].item(), final(v2[7], 784 / 784), rtol=0, atol=1e-6)


def random_sides(seed, visible=None):
    generator = torch.Generator().manual_seed(seed)
    sides = [torch.randn(n, 3, 4, generator=generator) for n in (8, 33)]
    if visible is None:
        return sides, (None, None)
    return sides, [torch.rand(n, 3, generator=generator) < visible for n in (8, 33)]


@pytest.mark.parametrize('visible', [None, 0.6, 0.2])
@pytest.mark.parametrize(('k1', 'k2'), [(20, 6), (5, 2), (3, 1), (7, 9), (100, 60)])
def test_the_result_is_that_of_loops(k1, k2, visible):
    (query, gallery), (query_visible, gallery_visible) = random_sides(k1, visible)
    everything = torch.cat([query, gallery])
    shown = None if visible is None else torch.cat([query_visible, gallery_visible])
    distance = part_distance(everything, everything, shown, shown).tolist()
    expected = torch.tensor(slow_rerank(distance, 8, k1, k2, 0.3))
    rerank = KReciprocalReranking(query, gallery, query_visible, gallery_visible, k1, k2)
    torch.testing.assert_close(rerank(torch.arange(8)), expected, rtol=0, atol=1e-5)
    some = torch.tensor([5, 2])
    torch.testing.assert_close(rerank(some), expected[some], rtol=0, atol=1e-5)


def test_chunks_change_nothing(monkeypatch):
    (query, gallery), visible = random_sides(0, 0.8)
    whole = KReciprocalReranking(query, gallery, *visible)(torch.arange(8))
    monkeypatch.setattr(module, '_CHUNK_PAIRS', 50)
    monkeypatch.setattr(module, '_CHUNK_ENTRIES', 7)
    monkeypatch.setattr(module, '_CHUNK_EMBEDDINGS', 3)
    parts = KReciprocalReranking(query, gallery, *visible)(torch.arange(8))
    torch.testing.assert_close(parts, whole)


def test_a_weight_of_one_ranks_as_without():
    (query, gallery), visible = random_sides(1, 0.8)
    rerank = KReciprocalReranking(query, gallery, *visible, weight=1.0)
    labels = [torch.arange(n) % 4 for n in (8, 33)], [torch.arange(n) % 3 for n in (8, 33)]
    arguments = (query, gallery, *labels[0], *labels[1], *visible)
    assert evaluate_ranking(*arguments, distances=rerank) == evaluate_ranking(*arguments)


@pytest.mark.parametrize('weight', [0.0, 0.3, 1.0])
def test_pairs_without_a_shared_part_come_last_at_any_weight(weight):
    (query, gallery), visible = random_sides(2, 0.4)
    shared = (visible[0][:, None] & visible[1]).any(2)
    assert shared.any() and not shared.all()
    distance = KReciprocalReranking(query, gallery, *visible, weight=weight)(torch.arange(8))
    assert torch.equal(distance.isinf(), ~shared) and not distance.isnan().any()
    assert (distance >= 0).all()


def test_images_that_are_all_alike_are_no_trouble():
    same = torch.ones(5, 2, 3)
    distance = KReciprocalReranking(same[:2], same[2:], k1=2, k2=1)(torch.arange(2))
    assert distance.isfinite().all()
    torch.testing.assert_close(
        distance, torch.tensor(slow_rerank([[0.0] * 5] * 5, 2, 2, 1, 0.3)), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize('wrong', [dict(k1=0), dict(k2=0), dict(weight=1.1)])
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match='re-ranking needs'):
        KReciprocalReranking(torch.rand(1, 1, 2), torch.rand(1, 1, 2), **wrong)
    with pytest.raises(ValueError, match='re-ranking needs'):
        ReIDMetric(rerank=wrong)


def results(junk):
    generator = torch.Generator()
    return [
        dict(
            embeddings=torch.randn(2, 4, generator=generator.manual_seed(i)),
            visibility=torch.ones(2, dtype=torch.bool),
            embedding_names=('foreground', 'part_1'),
            pid=-1 if i in junk else i % 5,
            camid=i % 3,
            is_query=i < 6,
            img_path=f'{i}.jpg',
        )
        for i in range(40)
    ]


@pytest.mark.parametrize('table', [False, True])
def test_the_metric_reranks_its_own_row_with_its_own_parameters(table):
    samples = results(junk=())
    metric = ReIDMetric('foreground', table=table, rerank=dict(k1=4, k2=1, weight=0.1))
    scores = metric.compute_metrics(samples)
    query, gallery = (
        torch.stack([s['embeddings'][:1] for s in samples[part]])
        for part in (slice(6), slice(6, None))
    )
    labels = [
        [s[key] for s in samples[part]]
        for key in ('pid', 'camid')
        for part in (slice(6), slice(6, None))
    ]
    rerank = KReciprocalReranking(query, gallery, k1=4, k2=1, weight=0.1)
    expected = evaluate_ranking(query, gallery, *labels, distances=rerank)
    found = {n.removeprefix('reranked/'): x for n, x in scores.items() if 'reranked/' in n}
    assert found == expected


def test_the_metric_reports_both_and_leaves_junk_out_of_every_neighbourhood():
    metric = ReIDMetric(rerank=dict(k1=5, k2=2))
    scores = metric.compute_metrics(results(junk={20, 30}))
    without = [r for i, r in enumerate(results(junk=())) if i not in {20, 30}]
    assert scores == metric.compute_metrics(without)
    assert scores['mAP'] != scores['reranked/mAP'] and 'reranked/Rank-1' in scores
    with pytest.raises(ValueError, match="rerank needs hidden='skip'"):
        ReIDMetric(rerank=True, hidden='mean')
