import copy
import math
import pickle

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmdrop.datasets.rendering import FINE_PARTS, Appearance, Figure, Pose, Street
from mmdrop.datasets.rendering.synthetic import SyntheticReID
from mmdrop.registry import DATASETS

SMALL = dict(
    num_identities=4, images_per_identity=6, num_cameras=4, num_distractors=1, image_size=(64, 32)
)


@pytest.fixture(scope='module')
def test_set():
    return SyntheticReID(**SMALL | dict(split='test', num_identities=12, image_size=(128, 64)))


def columns(label, name):
    """Mean column of a part."""
    return np.nonzero(label == FINE_PARTS.index(name))[1].mean()


def draw(yaw, phase=0.0, look=None):
    """Draw one person, without background, and return BGR and label."""
    canvas = np.zeros((256, 128, 4), np.uint8)
    look = look or Appearance.draw(np.random.default_rng(3))
    Figure(look, 230).draw(canvas, Pose(math.radians(yaw), phase), (63.5, 245), 225)
    return canvas


def test_it_is_registered():
    dataset = DATASETS.build(dict(type='SyntheticReID', **SMALL, lazy_init=True))
    assert dataset.metainfo['num_identities'] == 4
    assert dataset.metainfo['dataset_name'] == 'synthetic'


def test_a_sample_has_every_field(test_set):
    sample = test_set[0]
    assert sample['img'].shape == (128, 64, 3) and sample['img'].dtype == np.uint8
    assert sample['gt_seg_map'].shape == sample['img_shape'] == sample['ori_shape'] == (128, 64)
    assert sample['num_parts'] == 8 and sample['left_right_pairs'] == [(2, 3), (5, 6), (7, 8)]
    assert sample['img_path'].startswith('synthetic/test/10001_c')


def test_the_same_seed_gives_the_same_pixels_and_another_seed_does_not():
    first, again, other = (SyntheticReID(**SMALL, seed=seed) for seed in (5, 5, 6))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a['img'], b['img'])
        np.testing.assert_array_equal(a['gt_seg_map'], b['gt_seg_map'])
        assert (a['img'] != c['img']).any()


def test_rendering_at_once_or_on_demand_gives_the_same():
    cached, on_demand = (SyntheticReID(**SMALL, cache=cache) for cache in (True, False))
    for index in (7, 2, 7):
        np.testing.assert_array_equal(cached[index]['img'], on_demand[index]['img'])


def test_more_identities_leave_the_others_as_they_are():
    few, many = (SyntheticReID(**SMALL | dict(num_identities=n), cache=False) for n in (2, 5))
    for index in (0, 11):
        np.testing.assert_array_equal(few[index]['img'], many[index]['img'])


def test_changing_a_sample_does_not_change_the_data_set():
    dataset = SyntheticReID(**SMALL)
    before = dataset[0]
    dataset[0]['img'][:] = 0
    np.testing.assert_array_equal(before['img'], dataset[0]['img'])


def test_training_and_test_identities_are_disjoint(test_set):
    train = SyntheticReID(**SMALL)
    assert {train[i]['pid'] for i in range(len(train))} == {1, 2, 3, 4}
    assert sorted({train[i]['gt_label'] for i in range(len(train))}) == [0, 1, 2, 3]
    assert {s['pid'] for s in test_set} == {0, *range(10001, 10013)}
    assert {s['gt_label'] for s in test_set} == {-1}
    looks = [Street(0, crowd, (32, 16), 2).appearance(0) for crowd in (0, 1)]
    assert looks[0] != looks[1]


def test_names_are_unique(test_set):
    assert len({sample['img_path'] for sample in test_set}) == len(test_set)


def test_every_query_has_a_match_from_another_camera(test_set):
    samples = [test_set.get_data_info(i) for i in range(len(test_set))]
    gallery = {(s['pid'], s['camid']) for s in samples if not s['is_query']}
    queries = [s for s in samples if s['is_query']]
    assert len(queries) == 12 * 2
    for query in queries:
        assert any(p == query['pid'] and c != query['camid'] for p, c in gallery)


def test_queries_are_occluded_within_the_range(test_set):
    covered = [sample['covered'] for sample in test_set if sample['is_query']]
    assert min(covered) >= 0.2 and max(covered) <= 0.6


def test_the_covered_share_is_what_the_label_loses():
    # Until the occluder is drawn, both renderings draw the same random numbers.
    street = Street(0, 0, (128, 64), 2)
    for index in range(12):
        bare, occluded = (street.render(1, index, 0, c) for c in (None, (0.2, 0.6)))
        body = bare.parts > 0
        visible = occluded.parts > 0
        assert not (visible & ~body).any()
        assert occluded.covered == pytest.approx(1 - visible.sum() / body.sum())
        np.testing.assert_array_equal(occluded.parts[visible], bare.parts[visible])


@pytest.mark.parametrize(('occluded', 'expected'), [(0.0, {False}), (1.0, {True})])
def test_the_share_of_occluded_training_images(occluded, expected):
    dataset = SyntheticReID(**SMALL, occluded=occluded)
    assert {sample['covered'] > 0 for sample in dataset} == expected


@pytest.mark.parametrize('num_parts', range(3, 9))
def test_labels_are_the_parts(num_parts):
    dataset = SyntheticReID(**SMALL, num_parts=num_parts, occluded=0.0)
    values = np.unique([sample['gt_seg_map'] for sample in dataset])
    assert values.tolist() == list(range(num_parts + 1))


def test_the_left_hand_is_on_the_right_of_a_front_view_and_on_the_left_of_a_back_view():
    front, back = draw(0)[..., 3], draw(180)[..., 3]
    for part in ('upper_arm', 'forearm', 'leg', 'foot'):
        assert columns(front, f'left_{part}') > columns(front, f'right_{part}') + 5
        assert columns(back, f'left_{part}') < columns(back, f'right_{part}') - 5


def test_a_side_view_shows_the_near_arm():
    to_the_right, to_the_left = draw(90)[..., 3], draw(270)[..., 3]
    area = {
        (view, side): (label == FINE_PARTS.index(f'{side}_upper_arm')).sum()
        for view, label in (('right', to_the_right), ('left', to_the_left))
        for side in ('left', 'right')
    }
    # Whoever walks to the image's right turns the right side to the camera.
    assert area['right', 'right'] > 2 * area['right', 'left']
    assert area['left', 'left'] > 2 * area['left', 'right']


@pytest.mark.parametrize('yaw', [0, 180])
def test_half_a_stride_later_the_mirror_image_has_left_and_right_swapped(yaw):
    # A body is symmetric and phase + π swaps the legs' and the arms' swings, so mirroring the
    # picture must give the same outline with the sides' labels exchanged.
    names = [
        n.replace('left', '@').replace('right', 'left').replace('@', 'right') for n in FINE_PARTS
    ]
    swap = np.uint8([FINE_PARTS.index(name) for name in names])
    now, later = draw(yaw, 0.7)[..., 3], draw(yaw, 0.7 + math.pi)[..., 3]
    assert (swap[later[:, ::-1]] == now).mean() > 0.98


def test_no_file_is_touched(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError('a file was opened')

    monkeypatch.setattr('builtins.open', refuse)
    assert len(SyntheticReID(**SMALL)[3]['img']) == 64


@pytest.mark.parametrize('duplicate', [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize('cache', [True, False])
def test_it_can_be_copied(duplicate, cache):
    dataset = SyntheticReID(**SMALL, cache=cache)
    expected = dataset[1]['img']
    np.testing.assert_array_equal(duplicate(dataset)[1]['img'], expected)


def test_a_subset_keeps_its_images():
    dataset = SyntheticReID(**SMALL)
    subset = dataset.get_subset([5, 9])
    chosen = SyntheticReID(**SMALL, indices=[5, 9])
    for index, place in enumerate((5, 9)):
        np.testing.assert_array_equal(subset[index]['img'], dataset[place]['img'])
        np.testing.assert_array_equal(chosen[index]['img'], dataset[place]['img'])


@pytest.mark.parametrize('cache', [True, False])
def test_two_workers_give_what_one_process_gives(cache):
    dataset = SyntheticReID(**SMALL, cache=cache)
    loader = DataLoader(dataset, batch_size=8, num_workers=2, collate_fn=pseudo_collate)
    images = [image for batch in loader for image in batch['img']]
    assert len(images) == len(dataset)
    for index in (0, 9, 23):
        np.testing.assert_array_equal(images[index], dataset[index]['img'])


def test_other_image_sizes_show_the_same_scene():
    small, large = (Street(0, 0, size, 2).render(2, 0, 1) for size in ((64, 32), (256, 128)))
    assert small.image.shape == (64, 32, 3) and large.image.shape == (256, 128, 3)
    assert ((large.parts[::4, ::4] > 0) == (small.parts > 0)).mean() > 0.95


def test_a_pipeline_that_gives_nothing_is_an_error():
    dataset = SyntheticReID(**SMALL, pipeline=[lambda results: None])
    with pytest.raises(ValueError, match='synthetic/train/0001_c'):
        dataset[0]


@pytest.mark.parametrize(
    'wrong',
    [
        dict(split='val'),
        dict(num_identities=0),
        dict(num_identities=10_001),
        dict(images_per_identity=0),
        dict(split='test', images_per_identity=3),
        dict(split='test', queries_per_identity=0),
        dict(split='test', num_distractors=-1),
        dict(num_cameras=1),
        dict(image_size=(128,)),
        dict(image_size=(8, 8)),
        dict(num_parts=9),
        dict(num_parts=5, groups='eight'),
        dict(seed=-1),
        dict(occluded=1.5),
        dict(covered=(0.5, 0.5)),
        dict(covered=(0.0, 0.6)),
    ],
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(reversed(wrong)))):
        SyntheticReID(**SMALL | dict(lazy_init=True) | wrong)
