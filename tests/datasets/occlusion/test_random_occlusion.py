import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from test_occlusion import write_market

from mmdrop.datasets import LoadImage, LoadKeypointParsing, OccludePerson, RandomOcclusion
from mmdrop.structures import IGNORED


@pytest.fixture(scope='module')
def market(tmp_path_factory):
    return write_market(tmp_path_factory.mktemp('market'))


def body_results(label=None):
    """A grey image of 64×32 and a label with a person in its middle half."""
    if label is None:
        label = np.zeros((64, 32), np.uint8)
        label[8:56, 10:22] = 2
    return dict(img=np.full((64, 32, 3), 128, np.uint8), img_path='a.jpg', gt_seg_map=label)


def occlude(transform, results, seed):
    np.random.seed(seed)  # noqa: NPY002 - the generator that mmcv's transforms draw from
    return transform(results)


def test_images_are_occluded_with_the_probability():
    transform = RandomOcclusion(prob=0.3, people=0)
    hidden = [occlude(transform, body_results(), seed)['occluded_share'] > 0 for seed in range(400)]
    assert abs(np.mean(hidden) - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 400)  # four standard deviations
    never, always = RandomOcclusion(prob=0, people=0), RandomOcclusion(prob=1, people=0)
    for seed in range(10):
        results = occlude(never, body_results(), seed)
        assert (results['img'] == 128).all() and results['occluder'] == ''
        assert occlude(always, body_results(), seed)['occluded_share'] > 0


def test_the_body_is_that_of_the_label_and_the_label_loses_what_is_covered():
    transform = RandomOcclusion(prob=1, people=0, covered=(0.3, 0.5))
    for seed in range(20):
        before = body_results()
        label, image = before['gt_seg_map'].copy(), before['img'].copy()
        after = occlude(transform, dict(before), seed)
        lost = (label > 0) & (after['gt_seg_map'] == 0)
        share = lost.sum() / (label > 0).sum()
        assert 0.3 <= share <= 0.5 and share == after['occluded_share']
        assert (after['img'][label == after['gt_seg_map']] == 128).mean() > 0.5  # the rest stays
        kept = (label > 0) & ~lost
        assert (after['img'][kept] == 128).all()
        assert (before['gt_seg_map'] == label).all() and (before['img'] == image).all()


def test_without_a_label_the_body_is_an_ellipse_and_an_ignored_label_stays():
    transform = RandomOcclusion(prob=1, people=0)
    ignored = np.full((64, 32), IGNORED, np.uint8)
    for seed in range(5):
        results = body_results()
        del results['gt_seg_map']
        bare = occlude(transform, results, seed)
        results = occlude(transform, body_results(ignored), seed)
        assert (bare['img'] == results['img']).all() and bare['occluded_share'] > 0
        assert (results['gt_seg_map'] == IGNORED).all()


def test_people_are_pasted_as_in_the_test_set(market):
    image = market / 'bounding_box_train/0001_c1s1_000001_00.png'
    options = dict(ann_file=str(market / 'points.npz'), people_root=str(market), people=0.9)
    load = [LoadImage(), LoadKeypointParsing(str(market / 'points.npz'))]
    results = Compose(load)(dict(img_path=str(image), pid=1))
    kinds = []
    for seed in range(30):
        got = occlude(RandomOcclusion(prob=1, **options), dict(results), seed)
        again = OccludePerson(**options)(dict(results, occlusion_seed=got['occlusion_seed']))
        assert (got['img'] == again['img']).all()
        assert (got['gt_seg_map'] == again['gt_seg_map']).all()
        kinds.append(got['occluder'])
    assert kinds.count('person') > 15


def test_draws_follow_the_generators_of_the_worker():
    transform = RandomOcclusion(prob=1, people=0)
    first, again, other = (
        torch.from_numpy(occlude(transform, body_results(), seed)['img']) for seed in (5, 5, 6)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r'prob must be in \[0, 1\]'):
        RandomOcclusion(prob=1.5, people=0)
    for options in (dict(), dict(ann_file='points.npz'), dict(people_root='train')):
        with pytest.raises(ValueError, match='give both, or set people=0'):
            RandomOcclusion(**options)
