from collections import Counter

import numpy as np
import pytest
from mmengine.dataset import BaseDataset, ConcatDataset

from mmdrop.datasets import IdentitySampler
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
