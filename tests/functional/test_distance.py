import math

import pytest
import torch
import torch.nn.functional as F

from mmdrop.functional import mean_over_shared_parts, pairwise_part_distance, part_distance


def slow_part_distance(query, gallery, query_visibility, gallery_visibility):
    result = torch.full((len(query), len(gallery)), math.inf, dtype=torch.float64)
    query, gallery = (F.normalize(x.double(), dim=2) for x in (query, gallery))
    for i in range(len(query)):
        for j in range(len(gallery)):
            shared = query_visibility[i] & gallery_visibility[j]
            if shared.any():
                result[i, j] = (query[i] - gallery[j])[shared].norm(dim=1).mean()
    return result.float()


def slow_part_distance_with_means(query, gallery, query_visibility, gallery_visibility):
    query, gallery = (F.normalize(x.double(), dim=2) for x in (query, gallery))
    result = torch.full((len(query), len(gallery)), math.inf, dtype=torch.float64)
    for i in range(len(query)):
        rows = []
        for e in range(query.shape[1]):
            distance = (query[i, e] - gallery[:, e]).norm(dim=1)
            shown = gallery_visibility[:, e]
            if query_visibility[i, e] and shown.any():
                rows.append(torch.where(shown, distance, distance[shown].mean()))
        if rows:
            result[i] = torch.stack(rows).mean(0)
    return result.float()


def slow_graded_distance(query, gallery, a, b, hidden):
    query, gallery = (F.normalize(x.double(), dim=2) for x in (query, gallery))
    result = torch.empty(len(query), len(gallery), dtype=torch.float64)
    for i in range(len(query)):
        distance = (query[i] - gallery).norm(dim=2)  # (G, E)
        mean = (distance * b).sum(0) / b.sum(0) if hidden == 'mean' else hidden
        for j in range(len(gallery)):
            total, weight = (a[i] * b[j] * distance[j]).sum(), (a[i] * b[j]).sum()
            if hidden != 'skip':
                total, weight = total + (a[i] * (1 - b[j]) * mean).sum(), a[i].sum()
            result[i, j] = total / weight
    return result.float()


def random_samples(seed, num_queries=7, num_gallery=11, num_embeddings=4):
    generator = torch.Generator().manual_seed(seed)
    sizes = num_queries, num_gallery
    embeddings = [torch.randn(n, num_embeddings, 6, generator=generator) for n in sizes]
    visibility = [torch.rand(n, num_embeddings, generator=generator) < 0.5 for n in sizes]
    return *embeddings, *visibility


def test_pairwise_distance_of_hand_made_parts():
    a = torch.tensor([[[0.0, 0.0], [1.0, 1.0]]])  # M=1, K=2
    b = torch.tensor([[[3.0, 4.0], [1.0, 1.0]], [[0.0, 2.0], [1.0, 0.0]]])
    expected = torch.tensor([[[5.0, 2.0]], [[0.0, 1.0]]])  # 3-4-5 triangle first
    torch.testing.assert_close(pairwise_part_distance(a, b), expected)


@pytest.mark.parametrize('scale', [1e-3, 1.0, 1e3])
def test_pairwise_distance_agrees_with_differences_in_float64(scale):
    a, b, *_ = random_samples(0)
    expected = (a[:, None].double() - b[None].double()).norm(dim=3).permute(2, 0, 1) * scale
    distance = pairwise_part_distance(a * scale, b * scale)
    torch.testing.assert_close(distance, expected.float(), rtol=1e-5, atol=0)


def test_pairwise_distance_of_equal_parts_is_zero_with_zero_gradient():
    a = (50 + torch.randn(30, 2, 64)).requires_grad_()
    distance = pairwise_part_distance(a, a).diagonal(dim1=1, dim2=2)
    distance.sum().backward()
    assert not distance.any() and not a.grad.any()


def test_pairwise_distance_has_the_unit_vector_as_gradient():
    a = torch.tensor([[[3.0, 4.0]]], requires_grad=True)
    pairwise_part_distance(a, torch.zeros(1, 1, 2)).sum().backward()
    torch.testing.assert_close(a.grad, torch.tensor([[[0.6, 0.8]]]))


def test_distances_under_autocast_are_those_of_float32():
    query, gallery, *visibility = random_samples(1)
    expected = pairwise_part_distance(query, gallery), part_distance(query, gallery, *visibility)
    with torch.autocast('cpu', torch.bfloat16):
        pairwise = pairwise_part_distance(query, gallery)
        retrieval = part_distance(query, gallery, *visibility)
        assert pairwise_part_distance(query.bfloat16(), gallery).dtype == torch.float32
    assert torch.equal(pairwise, expected[0]) and torch.equal(retrieval, expected[1])


def test_mean_over_shared_parts_by_hand():
    distance = torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]])  # K=2, M=1, N=2
    visible_b = torch.tensor([[True, True], [False, True]])
    # a shows both parts: (1 + 3) / 2 with the first, part 2 alone with the second
    mean = mean_over_shared_parts(distance, torch.tensor([[True, True]]), visible_b)
    assert mean.tolist() == [[2.0, 4.0]]
    mean = mean_over_shared_parts(distance, torch.tensor([[True, False]]), visible_b)
    assert mean.tolist() == [[1.0, math.inf]]


def test_part_distance_by_hand():
    query = torch.tensor([[[2.0, 0.0], [0.0, 3.0]]])
    gallery = torch.tensor([[[5.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [0.0, 7.0]]])
    # after normalisation: 0 and 2 (opposite) to the first, √2 (right angle) and 0 to the second
    expected = torch.tensor([[1.0, math.sqrt(2) / 2]])
    torch.testing.assert_close(part_distance(query, gallery), expected)


def test_squared_part_distance_by_hand():
    query = torch.tensor([[[2.0, 0.0], [0.0, 3.0]]])
    gallery = torch.tensor([[[5.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [0.0, 7.0]]])
    # 0² and 2² (opposite) to the first, √2² (right angle) and 0² to the second
    expected = torch.tensor([[2.0, 1.0]])
    torch.testing.assert_close(part_distance(query, gallery, squared=True), expected)
    second = torch.tensor([[True, True], [False, True]])
    both = torch.tensor([[True, True]])
    # the second image hides its first part: left out, at its mean of 0², or at 1.5
    for hidden, value in (('skip', 0.0), ('mean', 0.0), (1.5, 1.125)):
        distance = part_distance(query, gallery, both, second, hidden=hidden, squared=True)
        torch.testing.assert_close(distance, torch.tensor([[2.0, value]]))


@pytest.mark.parametrize('hidden', ['skip', 'mean', 1.2])
@pytest.mark.parametrize('graded', [False, True])
def test_squared_part_distance_agrees_with_loops_in_float64(hidden, graded):
    query, gallery, a, b = random_samples(3)
    if graded:
        a, b = (
            torch.rand(x.shape, generator=torch.Generator().manual_seed(len(x))) for x in (a, b)
        )
    units = [F.normalize(x.double(), dim=2) for x in (query, gallery)]
    square = (units[0][:, None] - units[1]).square().sum(3)  # (Q, G, E)
    weight = a.double()[:, None] * b.double()
    absent = a.double()[:, None] * (1 - b.double())
    if hidden == 'skip':
        expected = (weight * square).sum(2) / weight.sum(2)
    else:
        mean = (square * b).sum(1, keepdim=True) / b.double().sum(0)
        assumed = mean if hidden == 'mean' else hidden**2
        expected = (weight * square + absent * assumed).sum(2) / a.double().sum(1, keepdim=True)
    distance = part_distance(query, gallery, a, b, hidden=hidden, squared=True)
    expected = expected.float().nan_to_num(torch.inf)  # 0 / 0: nothing is shared
    torch.testing.assert_close(distance, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize('block_pairs', [1, 20, 10**6])
def test_part_distance_agrees_with_loops_in_float64(block_pairs, monkeypatch):
    monkeypatch.setattr('mmdrop.functional.distance._BLOCK_PAIRS', block_pairs)
    samples = random_samples(2)
    expected = slow_part_distance(*samples)
    assert expected.isinf().any()
    torch.testing.assert_close(part_distance(*samples), expected, rtol=1e-5, atol=1e-6)


def test_hidden_parts_at_their_mean_by_hand():
    query = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    gallery = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0]] * 2])
    shown = torch.tensor([[True, True], [True, True], [True, False]])
    # first part 0, 0, √2; second part 2, 0 and, hidden in the third image, their mean 1
    expected = torch.tensor([[1.0, 0.0, (math.sqrt(2) + 1) / 2]])
    both = torch.tensor([[True, True]])
    torch.testing.assert_close(part_distance(query, gallery, both, shown, hidden='mean'), expected)
    # a query that hides its first part is compared by the second alone, also with the third image
    second = torch.tensor([[False, True]])
    distance = part_distance(query, gallery, second, shown, hidden='mean')
    torch.testing.assert_close(distance, torch.tensor([[2.0, 0.0, 1.0]]))
    # by the second part alone, if no gallery image shows the first
    shown[:, 0] = False
    distance = part_distance(query, gallery, both, shown, hidden='mean')
    torch.testing.assert_close(distance, torch.tensor([[2.0, 0.0, 1.0]]))
    none = torch.tensor([[False, False]])
    assert part_distance(query, gallery, none, shown, hidden='mean').isinf().all()


@pytest.mark.parametrize('block_pairs', [1, 20, 10**6])
def test_hidden_parts_at_their_mean_agree_with_loops_in_float64(block_pairs, monkeypatch):
    monkeypatch.setattr('mmdrop.functional.distance._BLOCK_PAIRS', block_pairs)
    samples = random_samples(8)
    distance = part_distance(*samples, hidden='mean')
    expected = slow_part_distance_with_means(*samples)
    torch.testing.assert_close(distance, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('hidden', ['mean', 0.7])
def test_hidden_parts_make_no_difference_where_all_are_shown(hidden):
    query, gallery, query_visibility, _ = random_samples(9)
    skipped = part_distance(query, gallery, query_visibility, hidden='skip')
    torch.testing.assert_close(
        part_distance(query, gallery, query_visibility, hidden=hidden), skipped
    )


def test_hidden_parts_at_a_distance_by_hand():
    query = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    gallery = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0]] * 2])
    shown = torch.tensor([[True, True], [True, False]])
    # 0 and 2 to the first image; √2 and, hidden, 0.5 to the second
    expected = torch.tensor([[1.0, (math.sqrt(2) + 0.5) / 2]])
    torch.testing.assert_close(part_distance(query, gallery, None, shown, hidden=0.5), expected)
    # no part is shared, yet the query shows one
    second = torch.tensor([[False, True]])
    distance = part_distance(query, gallery, second, shown, hidden=0.5)
    torch.testing.assert_close(distance, torch.tensor([[2.0, 0.5]]))
    none = torch.tensor([[False, False]])
    assert part_distance(query, gallery, none, shown, hidden=0.5).isinf().all()


def test_graded_visibility_by_hand():
    query = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    gallery = torch.tensor([[[-1.0, 0.0], [0.0, 1.0]]])  # distances 2 and √2
    a, b = torch.tensor([[1.0, 0.5]]), torch.tensor([[0.5, 0.8]])  # products 0.5 and 0.4
    expected = torch.tensor([[(0.5 * 2 + 0.4 * math.sqrt(2)) / 0.9]])
    torch.testing.assert_close(part_distance(query, gallery, a, b), expected)
    # the query weighs 1 and 0.5, of which 0.5 and 0.1 are hidden in the gallery image
    expected = torch.tensor([[(0.5 * 2 + 0.4 * math.sqrt(2) + (0.5 + 0.1) * 0.3) / 1.5]])
    torch.testing.assert_close(part_distance(query, gallery, a, b, hidden=0.3), expected)
    # the mean of one image is its own distance
    expected = torch.tensor([[(2 + 0.5 * math.sqrt(2)) / 1.5]])
    torch.testing.assert_close(part_distance(query, gallery, a, b, hidden='mean'), expected)


@pytest.mark.parametrize('hidden', ['skip', 'mean', 0.4])
@pytest.mark.parametrize('block_pairs', [1, 20, 10**6])
def test_graded_visibility_agrees_with_loops_in_float64(hidden, block_pairs, monkeypatch):
    monkeypatch.setattr('mmdrop.functional.distance._BLOCK_PAIRS', block_pairs)
    query, gallery, *_ = random_samples(10)
    generator = torch.Generator().manual_seed(11)
    a, b = (torch.rand(x.shape[:2], generator=generator) for x in (query, gallery))
    expected = slow_graded_distance(query, gallery, a, b, hidden)
    torch.testing.assert_close(
        part_distance(query, gallery, a, b, hidden=hidden), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize('hidden', ['skip', 'mean', 0.4])
def test_grades_of_0_and_1_are_hidden_and_visible(hidden):
    query, gallery, *visibility = random_samples(12)
    binary = part_distance(query, gallery, *visibility, hidden=hidden)
    graded = part_distance(query, gallery, *(v.float() for v in visibility), hidden=hidden)
    assert torch.equal(binary, graded)


def test_part_distance_is_the_mean_of_pairwise_distances_of_normalised_parts():
    query, gallery, *visibility = random_samples(3)
    pairwise = pairwise_part_distance(F.normalize(query, dim=2), F.normalize(gallery, dim=2))
    expected = mean_over_shared_parts(pairwise, *visibility)
    torch.testing.assert_close(part_distance(query, gallery, *visibility), expected)


def test_invisible_embeddings_do_not_matter():
    query, gallery, query_visibility, gallery_visibility = random_samples(4)
    before = part_distance(query, gallery, query_visibility, gallery_visibility)
    query[~query_visibility] = 1e6
    gallery[~gallery_visibility] = -3
    after = part_distance(query, gallery, query_visibility, gallery_visibility)
    assert torch.equal(before, after)


def test_zero_vectors_stay_at_the_origin():
    query = torch.tensor([[[0.0, 0.0]], [[1.0, 0.0]]])
    # from the origin to a unit vector it is 1, to itself 0
    torch.testing.assert_close(part_distance(query, query), 1 - torch.eye(2))


def test_equal_images_have_distance_zero():
    query, *_ = random_samples(5)
    assert not part_distance(query, query * 7).diagonal().any()


def test_part_distance_does_not_change_its_inputs_and_writes_to_out():
    samples = random_samples(6)
    copies = [x.clone() for x in samples]
    out = torch.full((7, 11), torch.nan)
    assert part_distance(*samples, out=out) is out
    assert torch.equal(out, part_distance(*samples))
    assert all(torch.equal(x, copy) for x, copy in zip(samples, copies, strict=True))


def test_misfitting_or_broken_inputs_are_refused():
    query, gallery, query_visibility, gallery_visibility = random_samples(7)
    with pytest.raises(ValueError, match='agree in the last two'):
        part_distance(query, gallery[:, :3])
    with pytest.raises(ValueError, match='agree in the last two'):
        pairwise_part_distance(query[..., :5], gallery)
    with pytest.raises(ValueError, match='visibility must be bool'):
        part_distance(query, gallery, query_visibility, gallery_visibility[:-1])
    with pytest.raises(ValueError, match='visibility must be bool'):
        part_distance(query, gallery, query_visibility.long(), gallery_visibility)
    for outside in (1.5, -0.5, math.nan):
        with pytest.raises(ValueError, match=r'numbers in \[0, 1\]'):
            part_distance(query, gallery, query_visibility * outside, gallery_visibility)
    for hidden in ('median', -0.1, 2.5, True, math.nan):
        with pytest.raises(ValueError, match='hidden must be'):
            part_distance(query, gallery, hidden=hidden)
    gallery[0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match='gallery embeddings hold NaN'):
        part_distance(query, gallery)


@pytest.mark.parametrize('function', [part_distance, pairwise_part_distance])
def test_embeddings_that_are_no_tensor_or_no_fractions_are_refused(function):
    embeddings = torch.ones(2, 1, 4)
    for other in (embeddings.numpy(), embeddings.tolist()):
        with pytest.raises(TypeError, match=r'embeddings must be a torch.Tensor.*as_tensor'):
            function(embeddings, other)
    for dtype in (torch.int8, torch.uint8, torch.int64):
        with pytest.raises(ValueError, match=rf'embeddings must be floating.*{dtype}.*\.float'):
            function(embeddings.to(dtype), embeddings)


def test_visibility_that_is_no_tensor_is_refused():
    embeddings, visible = torch.ones(2, 1, 4), torch.ones(2, 1, dtype=torch.bool)
    for other in (visible.numpy(), visible.tolist()):
        with pytest.raises(TypeError, match=r'visibility must be a torch.Tensor'):
            part_distance(embeddings, embeddings, other, visible)
