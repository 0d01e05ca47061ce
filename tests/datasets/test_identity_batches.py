from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from mmdrop.datasets.identity_batches import (
    Rounds,
    draw_identities,
    max_batches,
    split_batch,
)


def draw_all(groups, batch, length, rng):
    left, drawn = np.array(groups), []
    for remaining in range(length, 0, -1):
        drawn.append(draw_identities(left, batch, remaining, rng))
        left[drawn[-1]] -= 1
    return np.array(drawn)


def most_batches(groups, batch):
    """The most batches by trying all choices."""
    choices = combinations([i for i, g in enumerate(groups) if g], batch)
    drawn = [tuple(g - (i in choice) for i, g in enumerate(groups)) for choice in choices]
    return max((1 + most_batches(left, batch) for left in set(drawn)), default=0)


@pytest.mark.parametrize('seed', range(25))
def test_there_is_no_longer_schedule_and_the_longest_is_drawn(seed):
    rng = np.random.default_rng(seed)
    batch = int(rng.integers(1, 4))
    groups = rng.integers(1, 4, rng.integers(batch, 5))
    length = max_batches(groups, batch)
    assert length == most_batches(tuple(groups.tolist()), batch)
    drawn = draw_all(groups, batch, length, rng)
    assert drawn.shape == (length, batch)
    assert all(len(set(row)) == batch for row in drawn.tolist())
    assert (np.bincount(drawn.ravel(), minlength=len(groups)) <= groups).all()


@pytest.mark.parametrize('seed', range(10))
def test_uneven_identities_never_run_out_before_the_end(seed):
    rng = np.random.default_rng(seed)
    groups = rng.geometric(0.15, 40)
    length = max_batches(groups, 12)
    drawn = draw_all(groups, 12, length, rng)
    assert drawn.shape == (length, 12)
    assert (np.bincount(drawn.ravel(), minlength=40) <= groups).all()


def make_images(*counts):
    """Indices 0, 1, … of the images of each identity."""
    ends = np.cumsum(counts)
    return [np.arange(end - count, end) for count, end in zip(counts, ends, strict=True)]


def test_a_round_shows_every_group_before_the_next_begins():
    # 3 + 3 + 2 + 2 groups of 2 images make 5 batches of 2 identities.
    rounds = Rounds(make_images(6, 6, 4, 4), 2, np.random.default_rng(0))
    for _ in range(3):
        seen = Counter(i for _ in range(5) for group in rounds.draw(2) for i in group)
        assert seen == Counter(range(20))


def test_rounds_cut_and_draw_the_images_anew():
    rounds = Rounds(make_images(6, 6, 4, 4), 2, np.random.default_rng(0))
    orders = [[rounds.draw(2) for _ in range(5)] for _ in range(2)]
    assert orders[0] != orders[1]


@pytest.mark.parametrize('seed', range(5))
def test_batches_of_changing_size_hold_distinct_identities(seed):
    rng = np.random.default_rng(seed)
    images = make_images(*rng.integers(1, 9, 5))
    rounds = Rounds(images, 2, rng)
    owner = {i: identity for identity, own in enumerate(images) for i in own.tolist()}
    for number in rng.integers(0, 6, 60).tolist():
        groups = rounds.draw(number)
        people = [{owner[i] for i in group} for group in groups]
        assert all(len(own) == 1 for own in people) and len(set.union(set(), *people)) == number


def test_whole_quotas_are_kept_without_a_random_number():
    assert split_batch([3.0, 1.0, 12.0], None) == [3, 1, 12]
    # 0.1 + 0.2 + 0.7 is not 1 in floats
    assert split_batch([10 * share / (0.1 + 0.2 + 0.7) for share in (0.1, 0.2, 0.7)], None) == [
        *(1, 2, 7)
    ]


@pytest.mark.parametrize('quotas', [[4 / 3, 4 / 3, 4 / 3], [0.25, 3.5, 0.25], [2.8, 1.0, 0.2]])
def test_quotas_that_are_not_whole_are_right_on_average(quotas):
    rng = np.random.default_rng(0)
    drawn = np.array([split_batch(quotas, rng) for _ in range(4000)])
    assert (drawn.sum(1) == 4).all()
    assert (drawn >= np.floor(quotas)).all() and (drawn <= np.ceil(quotas)).all()
    # A number is its quota rounded up with probability p: its mean has a deviation below 0.008.
    np.testing.assert_allclose(drawn.mean(0), quotas, atol=0.04)
