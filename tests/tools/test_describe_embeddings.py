import math
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'analysis'))  # scripts, no package
describe = import_module('describe_embeddings').describe


def test_two_directions():
    # Three images at right angles, and one that does not show the embedding.
    embedding = torch.tensor([[3.0, 0.0], [3.0, 0.0], [0.0, 4.0], [9.0, 9.0]])
    visible, length, constant, zeros, distance = describe(
        embedding, torch.tensor([1, 1, 1, 0]).bool()
    )
    assert (visible, length, zeros) == pytest.approx((3 / 4, 10 / 3, 1 / 2))
    # Of the three pairs of images one is equal, and two are at right angles.
    assert distance == pytest.approx(2 / 3 * 2**0.5)
    # The mean is (2, 4/3), its square 52/9; the mean square is (9 + 9 + 16) / 3.
    assert constant == pytest.approx(52 / 9 / (34 / 3))


def test_a_collapsed_embedding_is_constant_and_unrelated_ones_are_far():
    shown = torch.ones(1000).bool()
    assert describe(torch.ones(1000, 8), shown) == pytest.approx([1, 8**0.5, 1, 0, 0], abs=1e-6)
    vectors = torch.randn(1000, 512, generator=torch.Generator().manual_seed(0))
    *_, constant, zeros, distance = describe(vectors, shown)
    assert constant < 0.01 and zeros < 1e-4 and distance == pytest.approx(2**0.5, abs=0.01)
    # |N(0, 1)| cut off at 0 has the mean 1/√(2π) and the mean square 1/2: constant 1/π, and
    # distance √(2 − 2/π).
    *_, constant, zeros, distance = describe(vectors.relu(), shown)
    expected = (1 / math.pi, 1 / 2, (2 - 2 / math.pi) ** 0.5)
    assert (constant, zeros, distance) == pytest.approx(expected, abs=0.01)
