import math

import pytest
import torch

from mmdrop.functional import flat_distance, part_distance, rank_gallery, to_flat


def random_images(seed, number, num_embeddings=5, channels=7):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(number, num_embeddings, channels, generator=generator)
    return embeddings, torch.rand(number, num_embeddings, generator=generator) < 0.6


def test_a_code_by_hand():
    embeddings = torch.tensor([[[3.0, 4.0], [0.0, 2.0]], [[0.0, 0.0], [-5.0, 0.0]]])
    visibility = torch.tensor([[True, False], [True, True]])
    expected = torch.tensor([[0.6, 0.8, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]])
    torch.testing.assert_close(to_flat(embeddings, visibility), expected)
    torch.testing.assert_close(to_flat(embeddings)[0], torch.tensor([0.6, 0.8, 0.0, 1.0]))


def test_a_distance_by_hand():
    query = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    gallery = torch.tensor([[1.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, 0.0], [0.0] * 4])
    both = torch.tensor([[True, True]])
    shown = torch.tensor([[True, True], [True, False], [False, False]])
    # 0² and 2² (opposite), their mean 2; a right angle, √2² = 2; nothing is shared
    assert flat_distance(query, gallery, both, shown).tolist() == [[2.0, 2.0, math.inf]]
    # as one embedding of length √2: |q − g|² = 4, to one of length 1: |q − g|² = 3, to zero 2
    assert flat_distance(query, gallery).tolist() == [[4.0, 3.0, 2.0]]


@pytest.mark.parametrize('hidden_at_all', [False, True])
def test_a_distance_is_the_mean_squared_one_of_shared_embeddings(hidden_at_all):
    (query, query_visible), (gallery, gallery_visible) = random_images(0, 9), random_images(1, 31)
    query[3, 2] = 0  # an embedding of zeros stays zero
    if not hidden_at_all:
        query_visible[:], gallery_visible[:] = True, True
    expected = part_distance(query, gallery, query_visible, gallery_visible, squared=True)
    codes = to_flat(query, query_visible), to_flat(gallery, gallery_visible)
    distance = flat_distance(*codes, query_visible, gallery_visible)
    torch.testing.assert_close(distance, expected, rtol=0, atol=3e-6)
    assert distance.isinf().any() == hidden_at_all


def test_two_codes_and_a_count_are_enough():
    (query, query_visible), (gallery, gallery_visible) = random_images(2, 6), random_images(3, 20)
    codes = to_flat(query, query_visible), to_flat(gallery, gallery_visible)
    shared = query_visible.float() @ gallery_visible.float().T
    distance = 2 - 2 * (codes[0] @ codes[1].T) / shared
    distance[shared == 0] = torch.inf
    expected, _ = rank_gallery(
        query, gallery, query_visibility=query_visible, gallery_visibility=gallery_visible,
        k=20, squared=True,
    )  # fmt: skip
    assert torch.equal(distance.argsort(stable=True, dim=1), expected)


def test_equal_images_are_at_zero():
    embeddings, visible = random_images(4, 50)
    visible[:, 0] = True
    code = to_flat(embeddings, visible)
    distance = flat_distance(code, code, visible, visible).diagonal()
    assert (distance >= 0).all() and distance.max() < 1e-6


def test_a_code_carries_gradients_and_needs_no_look_at_the_data():
    embeddings, visible = random_images(5, 4)
    embeddings.requires_grad_()
    to_flat(embeddings, visible).sum().backward()
    assert embeddings.grad[visible].abs().sum() > 0 and not embeddings.grad[~visible].any()
    meta = to_flat(embeddings.to('meta'), visible.to('meta'))
    assert meta.shape == (4, 35)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_codes_are_float32(dtype):
    embeddings, visible = random_images(6, 4)
    code = to_flat(embeddings.to(dtype), visible)
    assert code.dtype == torch.float32
    torch.testing.assert_close(code, to_flat(embeddings, visible), rtol=0, atol=1e-2)


def test_small_and_large_embeddings_become_unit_vectors():
    embeddings = torch.tensor([[[3e-20, 4e-20], [3e15, 4e15]]])
    torch.testing.assert_close(to_flat(embeddings), torch.tensor([[0.6, 0.8, 0.6, 0.8]]))


def test_what_does_not_fit_is_refused():
    embeddings, visible = random_images(7, 3)
    code = to_flat(embeddings, visible)
    with pytest.raises(ValueError, match='graded'):
        to_flat(embeddings, visible.float())
    with pytest.raises(ValueError, match='graded'):
        flat_distance(code, code, visible.float(), visible)
    with pytest.raises(ValueError, match=r'\(3, 35\) with visibility \(3, 5\) and \(3, 1\)'):
        flat_distance(code, code, visible)
    with pytest.raises(ValueError, match='E = 5, got'):
        flat_distance(code[:, 1:], code, visible, visible)
    with pytest.raises(TypeError, match=r'torch\.Tensor, got list'):
        flat_distance([[1.0]], code)
