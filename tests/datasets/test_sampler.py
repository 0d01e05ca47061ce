from collections import Counter

import numpy as np
import pytest
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset

from mmdrop.datasets import IdentitySampler, JointReID
from mmdrop.datasets import sampler as module


class Labels(BaseDataset):
    """Data set of nothing but labels."""

    def __init__(self, labels):
        self.labels = labels
        super().__init__()

    def load_data_list(self):
        return [dict(gt_label=label) for label in self.labels]


def make_labels(*counts):
    return [label for label, count in enumerate(counts) for _ in range(count)]


def batches_of(sampler):
    size = sampler.num_identities * sampler.num_instances
    indices = list(sampler)
    assert len(indices) % size == 0
    return [indices[start : start + size] for start in range(0, len(indices), size)]


LABELS = make_labels(9, 8, 4, 1, 12, 5, 4, 30)


@pytest.mark.parametrize('epoch', range(4))
def test_batches_hold_distinct_identities_with_k_images_each(epoch):
    sampler = IdentitySampler(Labels(LABELS), 3, 4, seed=0)
    sampler.set_epoch(epoch)
    batches = batches_of(sampler)
    assert sum(map(len, batches)) == len(sampler) > 0
    for batch in batches:
        rows = np.array(batch).reshape(3, 4)
        labels = np.array(LABELS)[rows]
        assert (labels == labels[:, :1]).all() and len(set(labels[:, 0].tolist())) == 3


def test_images_repeat_only_where_an_identity_has_too_few():
    used = Counter(IdentitySampler(Labels(LABELS), 3, 4, seed=0))
    repeated = {LABELS[index] for index, times in used.items() if times > 1}
    assert repeated <= {3}  # the identity with one image


def test_an_identity_with_few_images_shows_all_of_them():
    labels = make_labels(3, 4)
    rows = np.reshape(list(IdentitySampler(Labels(labels), 2, 4, seed=1)), (2, 4))
    row = next(row for row in rows if row[0] < 3)
    assert set(row.tolist()) == {0, 1, 2}


def test_every_identity_is_seen_over_the_epochs():
    sampler = IdentitySampler(Labels(LABELS), 3, 4, seed=0)
    seen = set()
    for epoch in range(10):
        sampler.set_epoch(epoch)
        seen |= {LABELS[index] for index in sampler}
    assert seen == set(LABELS)


def test_an_epoch_can_be_repeated_and_differs_from_the_next():
    sampler, twin = (IdentitySampler(Labels(LABELS), 3, 4, seed=5) for _ in range(2))
    first = list(sampler)
    assert first == list(sampler) == list(twin)
    twin.set_epoch(1)
    assert first != list(twin)
    assert first != list(IdentitySampler(Labels(LABELS), 3, 4, seed=6))


def test_two_processes_share_the_batches_of_one(monkeypatch):
    joined = batches_of(IdentitySampler(Labels(LABELS), 4, 4, seed=3))
    parts = []
    for rank in range(2):
        monkeypatch.setattr(module, 'get_dist_info', lambda rank=rank: (rank, 2))
        sampler = IdentitySampler(Labels(LABELS), 2, 4, seed=3)
        parts.append(batches_of(sampler))
        assert len(sampler) == sum(map(len, parts[-1]))
    assert [a + b for a, b in zip(*parts, strict=True)] == joined


def test_concatenated_data_sets_are_read_through_the_wrapper():
    dataset = ConcatDataset([Labels([0] * 4 + [1] * 4), Labels([2] * 4)])
    assert sorted(IdentitySampler(dataset, 3, 4, seed=0)) == list(range(12))


def test_concatenated_data_sets_that_share_a_label_are_refused():
    sets = [Labels([0] * 4 + [1] * 4), Labels([1] * 4 + [2] * 4)]
    message = 'ConcatDataset: its sets 0 and 1 share training labels, .*gt_label 1 is.*JointReID'
    with pytest.raises(ValueError, match=message):
        IdentitySampler(ConcatDataset(sets), 3, 4)
    with pytest.raises(ValueError, match=message):  # also inside of another wrapper
        IdentitySampler(RepeatDataset(dict(type=ConcatDataset, datasets=sets), 2), 3, 4)


def test_a_data_set_that_is_repeated_shares_labels_with_itself():
    dataset = Labels([0] * 4 + [1] * 4)
    for twice in (ConcatDataset([dataset, dataset]), RepeatDataset(dataset, 2)):
        assert len(IdentitySampler(twice, 2, 4, seed=0)) == 16


# A set of 4 identities and 12 groups of 4, one of 6 and 12, one of 3 identities and 3 groups
SETS = dict(a=make_labels(20, 8, 12, 8), b=make_labels(*6 * [8]), c=make_labels(4, 5, 2))


JOINED = [
    label + first for own, first in zip(SETS.values(), (0, 4, 10), strict=True) for label in own
]


def make_joint(**sets):
    return JointReID({name: Labels(labels) for name, labels in sets.items()})


def identities_per_set(sampler, ends):
    """How many identities of each batch are of each set, ``(batches, sets)``."""
    rows = np.array(batches_of(sampler)).reshape(-1, sampler.num_identities, 4)
    labels = np.array(JOINED)[rows]
    assert (labels == labels[:, :, :1]).all()
    labels = labels[:, :, 0]
    assert all(len(set(row)) == len(row) for row in labels.tolist())
    sets = np.searchsorted(ends, labels, side='right')
    return np.stack([(sets == place).sum(1) for place in range(len(ends))], 1)


@pytest.mark.parametrize(
    ('balance', 'expected'),
    [('equal', [2, 2, 2]), (dict(a=1, b=4, c=1), [1, 4, 1]), (dict(c=0.5, a=1, b=1.5), [2, 3, 1])],
)
@pytest.mark.parametrize('epoch', range(3))
def test_each_set_has_its_share_of_every_batch(balance, expected, epoch):
    sampler = IdentitySampler(make_joint(**SETS), 6, 4, seed=epoch, balance=balance)
    sampler.set_epoch(epoch)
    assert (identities_per_set(sampler, [4, 10, 13]) == expected).all()


def test_a_share_that_is_not_whole_is_right_on_average():
    sampler = IdentitySampler(make_joint(**SETS), 4, 4, seed=0, balance='equal')
    counts = []
    for epoch in range(100):
        sampler.set_epoch(epoch)
        counts += [*identities_per_set(sampler, [4, 10, 13])]
    assert set(np.unique(counts)) == {1, 2} and len(counts) > 500
    # 4/3, whose deviation is 0.47 in a batch, and 0.021 in the mean of 500
    np.testing.assert_allclose(np.mean(counts, 0), 4 / 3, atol=0.1)


def test_a_balanced_epoch_is_as_long_as_one_that_is_not():
    joint = make_joint(**SETS)
    one, other = (IdentitySampler(joint, 6, 4, seed=0, balance=b) for b in (None, 'equal'))
    assert len(one) == len(other) == len(list(other))


def test_without_balance_the_sets_are_one():
    joint = IdentitySampler(make_joint(**SETS), 6, 4, seed=3)
    assert list(joint) == list(IdentitySampler(Labels(JOINED), 6, 4, seed=3))


def test_a_small_set_is_gone_through_several_times_and_a_large_one_in_part():
    sampler = IdentitySampler(
        make_joint(large=make_labels(*20 * [8]), small=make_labels(4, 4)), 4, 4, 0, 'equal'
    )
    # 40 + 2 groups: 10 batches, each with two groups of either set.
    used = Counter(sampler)
    assert len(sampler) == 10 * 16
    assert {used[i] for i in range(160, 168)} == {10}
    assert max(used[i] for i in range(160)) == 1 and sum(used[i] for i in range(160)) == 80


def test_two_processes_share_the_balanced_batches_of_one(monkeypatch):
    joint = make_joint(**SETS)
    whole = batches_of(IdentitySampler(joint, 4, 4, seed=3, balance='equal'))
    parts = []
    for rank in range(2):
        monkeypatch.setattr(module, 'get_dist_info', lambda rank=rank: (rank, 2))
        parts.append(batches_of(IdentitySampler(joint, 2, 4, seed=3, balance='equal')))
    assert [a + b for a, b in zip(*parts, strict=True)] == whole


@pytest.mark.parametrize('balance', ['even', 3, dict(a=1, b=1), dict(a=1, b=1, c=0), dict(a=1)])
def test_a_balance_that_does_not_name_the_sets_is_refused(balance):
    with pytest.raises(ValueError, match=r"balance must be None, 'equal'.*\['a', 'b', 'c'\], got"):
        IdentitySampler(make_joint(**SETS), 6, 4, balance=balance)


def test_a_balance_of_what_is_no_joint_set_is_refused():
    with pytest.raises(ValueError, match=r'JointReID.*has the sets \[\]'):
        IdentitySampler(Labels(LABELS), 3, 4, balance=dict(a=1))


def test_a_set_that_is_too_small_for_its_share_is_named():
    message = "gives 'c' up to 4 of the 8 identities of a batch, it has 3: lower its share"
    with pytest.raises(ValueError, match=message):
        IdentitySampler(make_joint(**SETS), 8, 4, balance=dict(a=1, b=1, c=2))


def test_a_seed_is_drawn_where_none_is_given():
    sampler = IdentitySampler(Labels(LABELS), 3, 4)
    assert list(sampler) == list(sampler)


@pytest.mark.parametrize(
    ('labels', 'message'),
    [
        (make_labels(4, 4), r'needs 3 identities.*has 2: lower num_identities'),
        ([-1, -1, -1], 'gt_label is -1'),
    ],
)
def test_data_that_cannot_fill_a_batch_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        IdentitySampler(Labels(labels), 3, 4, seed=0)


def test_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match='must be positive'):
        IdentitySampler(Labels(LABELS), 0, 4)
