import math

import numpy as np
import pytest
import torch

from mmdrop.functional import count_protocol, evaluate_ranking, part_distance, rank_gallery


def slow_ranking(distance, query_pids, gallery_pids, query_camids, gallery_camids, topk):
    """The protocol spelt out: sort every row, walk down it."""
    precisions, inverse, firsts = [], [], []
    for i, (pid, camid) in enumerate(zip(query_pids, query_camids, strict=True)):
        rank, ranks = 0, []
        for j in np.argsort(distance[i], kind='stable'):
            is_junk = gallery_pids[j] == pid and gallery_camids[j] == camid and camid != -1
            if is_junk or gallery_pids[j] == -1:
                continue
            rank += 1
            if gallery_pids[j] == pid:
                ranks.append(rank)
        if ranks:
            precisions.append(np.mean([(n + 1) / rank for n, rank in enumerate(ranks)]))
            inverse.append(len(ranks) / ranks[-1])
            firsts.append(ranks[0])
    scores = {'mAP': np.mean(precisions), 'mINP': np.mean(inverse)}
    scores |= {f'Rank-{k}': np.mean([first <= k for first in firsts]) for k in topk}
    return {name: 100 * score for name, score in scores.items()}


def on_circle(*degrees):
    """One embedding an image, ``(N, 1, 2)``; the distance from 0° grows with the angle."""
    angle = torch.tensor(degrees).deg2rad()
    return torch.stack([angle.cos(), angle.sin()], 1)[:, None]


def random_test_set(seed, num_queries=23, num_gallery=60):
    """Few identities and cameras, pid −1 and 0, camid −1, repeated images, pairs with no part.

    Each embedding is four times ±1 and else 0, so all distances are exact and many are equal.
    """
    rng = np.random.default_rng(seed)

    def side(size, pids):
        embeddings = np.zeros((size, 3, 6), np.float32)
        for row in embeddings.reshape(-1, 6):
            row[rng.choice(6, 4, replace=False)] = rng.choice([-1, 1], 4)
        embeddings[size // 2 :] = embeddings[: size - size // 2]
        arrays = embeddings, rng.choice(pids, size), rng.integers(-1, 3, size)
        return [torch.from_numpy(x) for x in (*arrays, rng.random((size, 3)) < 0.4)]

    names = 'embeddings', 'pids', 'camids', 'visibility'
    query = side(num_queries, np.arange(1, 9))
    gallery = side(num_gallery, np.arange(-1, 7))
    inputs = {f'query_{n}': x for n, x in zip(names, query, strict=True)}
    inputs |= {f'gallery_{n}': x for n, x in zip(names, gallery, strict=True)}
    return {name.removesuffix('_embeddings'): x for name, x in inputs.items()}


def label_arrays(inputs):
    names = 'query_pids', 'gallery_pids', 'query_camids', 'gallery_camids'
    return [inputs[name].numpy() for name in names]


def test_hand_made_gallery_with_junk_distractor_and_query_without_match():
    gallery = on_circle(10, 20, 30, 40, 50)
    gallery_pids, gallery_camids = [1, 0, 1, -1, 1], [0, 1, 1, 1, 2]
    # Query 1: image 0 is junk (same camera), 3 is dropped; what stays is 0, 1, 1, so the matches
    # have ranks 2 and 3. AP = (1/2 + 2/3) / 2, INP = 2/3. Query 2 has no match and is ignored.
    scores = evaluate_ranking(
        on_circle(0, 0), gallery, [1, 9], gallery_pids, [0, 0], gallery_camids, topk=(1, 2)
    )
    expected = {'mAP': 100 * 7 / 12, 'mINP': 200 / 3, 'Rank-1': 0, 'Rank-2': 100}
    assert scores == pytest.approx(expected)


@pytest.mark.parametrize(('position', 'rank_1'), [(0, 100.0), (1, 0.0)])
def test_equal_distances_rank_by_gallery_index(position, rank_1):
    pids = [7, 7]
    pids[position] = 3
    scores = evaluate_ranking(on_circle(0), on_circle(30, 30), [3], pids, [0], [1, 1])
    assert scores['Rank-1'] == rank_1


def test_images_without_a_shared_part_rank_last_by_index():
    query, gallery = torch.ones(1, 2, 3), torch.ones(4, 2, 3)
    visible = torch.tensor([[True, False]])
    gallery_visible = torch.tensor([[0, 1], [0, 1], [0, 1], [1, 0]]).bool()
    # order 3, 0, 1, 2: matches 1 and 3 have ranks 3 and 1
    labels = [5], [6, 5, 6, 5], [0], [1, 1, 1, 1]
    scores = evaluate_ranking(query, gallery, *labels, visible, gallery_visible)
    assert scores['mAP'] == pytest.approx(100 * (1 + 2 / 3) / 2)
    assert scores['mINP'] == pytest.approx(100 * 2 / 3)


def test_without_cameras_nothing_is_junk():
    labels = [1], [1, 2], [-1], [-1, -1]
    assert evaluate_ranking(on_circle(0), on_circle(1, 2), *labels)['mAP'] == 100


@pytest.mark.parametrize('squared', [False, True])
@pytest.mark.parametrize('hidden', ['skip', 'mean'])
@pytest.mark.parametrize('seed', range(5))
def test_agrees_with_sorting_and_walking_every_row(seed, hidden, squared):
    inputs = random_test_set(seed)
    names = 'query', 'gallery', 'query_visibility'
    taken = inputs['gallery_visibility'] & (inputs['gallery_pids'] != -1)[:, None]
    sides = [inputs[name] for name in names]
    distance = part_distance(*sides, taken, hidden=hidden, squared=squared).numpy()
    assert np.isinf(distance).any() and (inputs['gallery_pids'] == -1).any()
    expected = slow_ranking(distance, *label_arrays(inputs), topk=(1, 5, 10))
    scores = evaluate_ranking(**inputs, hidden=hidden, squared=squared)
    assert scores == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize('chunk_size', [1, 4, 1000])
def test_chunk_sizes_do_not_change_the_scores(chunk_size, monkeypatch):
    inputs = random_test_set(1)
    expected = evaluate_ranking(**inputs)
    monkeypatch.setattr('mmdrop.functional.ranking._COUNT_PAIRS', 130)
    assert evaluate_ranking(**inputs, chunk_size=chunk_size) == pytest.approx(expected, rel=1e-12)


def test_order_of_a_gallery_without_ties_does_not_matter():
    inputs = random_test_set(2)
    inputs = {name: x for name, x in inputs.items() if 'visibility' not in name}
    inputs |= {name: torch.randn(inputs[name].shape) for name in ('query', 'gallery')}
    order = torch.randperm(len(inputs['gallery']))
    shuffled = {name: x[order] if 'gallery' in name else x for name, x in inputs.items()}
    assert evaluate_ranking(**shuffled) == pytest.approx(evaluate_ranking(**inputs), rel=1e-12)


def test_rank_beyond_the_gallery_is_allowed():
    labels = [1], [2, 1], [0], [1, 1]
    scores = evaluate_ranking(on_circle(0), on_circle(1, 2), *labels, topk=(1, 50))
    assert (scores['Rank-1'], scores['Rank-50']) == (0, 100)


@pytest.mark.parametrize('dtype', [torch.float16, torch.float64])
def test_other_float_types_are_accepted(dtype):
    labels = [1], [1, 2], [0], [1, 1]
    query, gallery = on_circle(0).to(dtype), on_circle(10, 90).to(dtype)
    assert evaluate_ranking(query, gallery, *labels)['mAP'] == 100


@pytest.mark.parametrize('squared', [False, True])
@pytest.mark.parametrize('seed', range(3))
def test_rank_gallery_is_the_sorted_row_without_junk(seed, squared):
    inputs = random_test_set(seed)
    index, distance = rank_gallery(**inputs, k=100, squared=squared)
    names = 'query', 'gallery', 'query_visibility', 'gallery_visibility'
    full = part_distance(*(inputs[name] for name in names), squared=squared).numpy()
    query_pids, gallery_pids, query_camids, gallery_camids = label_arrays(inputs)
    for i, row in enumerate(full):
        junk = (gallery_pids == query_pids[i]) & (gallery_camids == query_camids[i])
        dropped = (junk & (query_camids[i] != -1)) | (gallery_pids == -1)
        expected = [j for j in np.argsort(row, kind='stable') if not dropped[j]]
        assert index[i].tolist() == expected + [-1] * (60 - len(expected))
        assert distance[i, : len(expected)].tolist() == row[expected].tolist()
        assert distance[i, len(expected) :].isinf().all()


def test_rank_gallery_without_labels_ranks_everything():
    index, distance = rank_gallery(on_circle(0), on_circle(90, 0, 180), k=2)
    assert index.tolist() == [[1, 0]]
    torch.testing.assert_close(distance, torch.tensor([[0.0, math.sqrt(2)]]))


def test_protocol_counts_by_hand():
    counts = count_protocol([1, 2, 9], [1, 1, 2, 0, -1], [0, 0, 0], [0, 1, 0, 1, 1])
    # query 2 meets only its own camera, query 9 nobody; junk are (1, image 0) and (2, image 2)
    expected = dict(queries=3, ignored_queries=2, gallery=5, dropped=1, identities=3, junk=2)
    assert counts == expected


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(query=torch.ones(23, 2, 6)), 'agree in the last two'),
        (dict(gallery_pids=[1]), r'gallery_pids must be \(60,\), got \(1,\)'),
        (dict(query_visibility=torch.ones(24, 3).bool()), 'visibility must be bool'),
        (dict(query_pids=[99] * 23), 'no query has a match'),
        (dict(topk=(0,)), 'topk'),
        (dict(chunk_size=0), 'chunk_size'),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        evaluate_ranking(**(random_test_set(0) | change))


@pytest.mark.parametrize(
    ('labels', 'got'),
    [(['anna'] * 23, 'anna'), ([None] * 23, 'None'), ([1.5] * 23, 'float'), ([True] * 23, 'bool')],
)
@pytest.mark.parametrize('name', ['query_pids', 'query_camids'])
def test_labels_that_are_no_whole_numbers_are_refused(name, labels, got):
    with pytest.raises(TypeError, match=f'{name} must be whole numbers, got .*{got}'):
        evaluate_ranking(**(random_test_set(0) | {name: labels}))


def test_labels_may_be_numpy_arrays_and_topk_a_single_rank():
    inputs = random_test_set(0)
    arrays = {name: x.numpy() if name.endswith('ids') else x for name, x in inputs.items()}
    scores = evaluate_ranking(**inputs)
    expected = {name: scores[name] for name in ('mAP', 'mINP', 'Rank-5')}
    assert evaluate_ranking(**arrays, topk=5) == expected


@pytest.mark.parametrize('side', ['query', 'gallery'])
def test_an_empty_side_is_refused(side):
    inputs = {name: x[:0] if side in name else x for name, x in random_test_set(0).items()}
    for function in (evaluate_ranking, rank_gallery):
        with pytest.raises(ValueError, match=f'the {side} is empty'):
            function(**inputs)


def test_rank_gallery_refuses_half_of_the_labels():
    with pytest.raises(ValueError, match='or none of them'):
        rank_gallery(on_circle(0), on_circle(1), query_pids=[1])
