import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image
from torch.utils.data import DataLoader

from mmdrop.datasets import (
    LoadImage,
    LoadKeypointParsing,
    OccludePerson,
    ReIDDataset,
    image_checksum,
    occluded_images,
    reid_dataset,
)
from mmdrop.datasets.occlusion import occlude_person as module
from mmdrop.datasets.occlusion.occluders import People
from mmdrop.datasets.parsing.joint_orders import JOINTS_14
from mmdrop.datasets.rendering.exact import ExactBrush
from mmdrop.registry import DATASETS

ROOT = Path(__file__).parents[3]
BASE = ROOT / 'configs/_base_/datasets/pasted_market1501.py'
# A person who stands upright in a 64×128 image, in the order of JOINTS_14.
STANDING = (
    *((32, 8), (32, 24), (22, 30), (14, 46), (12, 60), (42, 30), (50, 46), (52, 60)),
    *((26, 66), (24, 90), (24, 114), (38, 66), (40, 90), (40, 114)),
)
STEMS = {
    'bounding_box_train': [f'{pid:04d}_c1s1_000001_00' for pid in range(1, 7)],
    'query': [f'{pid:04d}_c2s1_000001_00' for pid in range(101, 161)],
    'bounding_box_test': [f'{pid:04d}_c3s1_000001_00' for pid in range(101, 161)],
}
# SHA-256 of the stand-in's 120 images with seed 0.  No reader can derive it, and none has to:
# equal images on another machine are what a proxy benchmark claims, and this is the other
# machine's side of the comparison.  The stand-in is made of whole numbers and stored without
# loss, so no JPEG decoder takes part.  If it differs with a new NumPy or OpenCV, scores measured
# with the older one do not compare; if an occluder was changed by intent, write the new value.
CHECKSUM = '6e40514f73188187738f80f2887d2cf6a4188e3a35c789b5185dd5a5f158b466'


MARKET = ROOT / 'data/Market-1501-v15.09.15'
MARKET_CHECKSUM = '7afb29a1886768ae02113de988795399f486f2868ffbfdd0195a7ad9a286b0bc'  # 100 queries


def write_market(root, inverted=False):
    """Write stand-ins for Market-1501; ``inverted`` test images differ in every pixel."""
    y, x = np.mgrid[:128, :64]
    for folder, stems in STEMS.items():
        (root / folder).mkdir(parents=True)
        for number, stem in enumerate(stems):
            image = (7 * x + 13 * y + 31 * number)[..., None] * np.array([1, 3, 5]) % 251
            if inverted and folder != 'bounding_box_train':
                image = 255 - image  # differs from the image, for 255 is odd
            Image.fromarray(image.astype(np.uint8)).save(root / folder / f'{stem}.png')
    stems = [stem for group in STEMS.values() for stem in group]
    points = np.array([STANDING] * len(stems))
    points[..., 0] += np.arange(len(stems))[:, None] % 7 - 3
    arrays = dict(all_names=np.array(stems), all_keypoints=points, keypoint_names=JOINTS_14)
    np.savez(root / 'points.npz', **arrays)
    return root


@pytest.fixture(scope='module')
def market(tmp_path_factory):
    return write_market(tmp_path_factory.mktemp('market'))


@pytest.fixture(scope='module')
def coverage(market, tmp_path_factory):
    """Mask of the covered pixels, mask of the body and reported share of every query."""
    other = write_market(tmp_path_factory.mktemp('inverted'), inverted=True)
    source = LoadKeypointParsing(str(market / 'points.npz'))
    rows = []
    images = [occluded_images(make_proxy(root), limit=60) for root in (market, other)]
    for a, b in zip(*images, strict=True):
        covered = (a['img'] == b['img']).all(2)  # two backgrounds, one occluder
        rows.append((covered, source.load(a['label_stem'], a) > 0, a['occluded_share']))
    return rows


def make_occluder(root, **arguments):
    people_root = str(root / 'bounding_box_train')
    return OccludePerson(str(root / 'points.npz'), **(dict(people_root=people_root) | arguments))


def make_proxy(root, seed=0, pipeline=None, split='test', **shares):
    if pipeline is None:
        pipeline = [LoadImage(), make_occluder(root)]
    occlusion = dict(seed=seed, **shares)
    return ReIDDataset('market1501', root, split, pipeline, occlusion=occlusion)


def read(path):
    return LoadImage()(dict(img_path=path))['img']


def changed(dataset):
    return [not np.array_equal(r['img'], read(r['img_path'])) for r in occluded_images(dataset)]


def test_every_query_loses_a_fifth_to_three_fifths_of_the_body(coverage):
    assert len(coverage) == 60
    for covered, body, reported in coverage:
        share = (covered & body).sum() / body.sum()
        assert 0.2 <= share <= 0.6
        assert share == pytest.approx(reported)


def test_the_shares_spread_over_the_whole_range(coverage):
    shares = [share for *_, share in coverage]
    counts = np.histogram(shares, 4, (0.2, 0.6))[0]
    assert counts.min() >= 5  # 15 expected in each quarter


def test_the_lower_body_is_covered_more_often_than_the_upper(coverage):
    lower = [(covered & body)[66:].sum() / body[66:].sum() for covered, body, _ in coverage]
    upper = [(covered & body)[:66].sum() / body[:66].sum() for covered, body, _ in coverage]
    assert np.mean(lower) > 1.5 * np.mean(upper)
    assert np.mean(np.array(lower) > np.array(upper)) > 0.6


def test_a_tenth_of_the_gallery_changes_and_the_rest_is_as_in_the_files(market):
    dataset = make_proxy(market)
    assert dataset.metainfo['dataset_name'] == 'pasted_market1501'
    seeds = [dataset.get_data_info(i)['occlusion_seed'] for i in range(120)]
    assert changed(dataset) == [seed >= 0 for seed in seeds]
    assert sum(changed(dataset)[:60]) == 60 and sum(changed(dataset)[60:]) == 6


def test_the_shares_of_occluded_images_can_be_chosen(market):
    dataset = make_proxy(market, query=0.25, gallery=0)
    assert sum(changed(dataset)[:60]) == 15 and not any(changed(dataset)[60:])


def test_an_image_does_not_depend_on_the_others(market, tmp_path):
    images = {r['label_stem']: r['img'] for r in occluded_images(make_proxy(market), limit=60)}
    part = write_market(tmp_path / 'part')
    for stem in STEMS['query'][:30]:
        (part / 'query' / f'{stem}.png').unlink()
    rest = list(occluded_images(make_proxy(part), limit=30))
    assert all(np.array_equal(r['img'], images[r['label_stem']]) for r in rest)


def test_objects_and_people_come_from_all_sides(market):
    results = list(occluded_images(make_proxy(market, gallery=1.0)))
    kinds = {r['occluder'] for r in results}
    assert 'person' in kinds and len(kinds) > 6
    assert 0.25 < np.mean([r['occluder'] == 'person' for r in results]) < 0.55
    entries = [r['occluder_entry'] for r in results]
    assert entries.count('below') > entries.count('side') > entries.count('above') > 0


def test_the_images_are_the_pinned_ones(market):
    assert image_checksum(make_proxy(market)) == CHECKSUM


def test_another_seed_gives_other_images(market):
    assert image_checksum(make_proxy(market, seed=1)) != image_checksum(make_proxy(market))


def test_another_process_prints_the_same_checksum_and_writes_no_file(market):
    before = sorted(market.rglob('*'))
    dataset = 'test_cfg.sets.pasted.dataset'
    options = dict(data_root=market, **{'pipeline.1.ann_file': market / 'points.npz'})
    options['pipeline.1.people_root'] = market / 'bounding_box_train'
    options['pipeline.1.origin'] = 0
    command = [sys.executable, ROOT / 'tools/data/occlusion_checksum.py', '--cfg-options']
    command += [f'{dataset}.{key}={value}' for key, value in options.items()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f'sha256 {image_checksum(make_proxy(market))}' in done.stdout
    assert 'images 120, occluded 66' in done.stdout
    (line,) = re.findall('mean share covered of the (.*)', done.stdout)
    shares = {name: float(share) for name, share in re.findall(r'([a-z ]+) ([\d.]+)', line)}
    assert shares[' feet'] > shares[' legs'] > shares[' forearms and hips'] > shares['head'] > 0
    assert sorted(market.rglob('*')) == before


def test_the_checksum_of_a_set_without_occluders_is_refused(market):
    command = [sys.executable, ROOT / 'tools/data/occlusion_checksum.py', '--set', '']
    command += ['--cfg-options', f'test_dataloader.dataset.data_root={market}']
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and 'has no OccludePerson' in done.stderr.splitlines()[-1]


def test_neither_the_order_nor_worker_processes_matter(market):
    expected = [r['img'] for r in occluded_images(make_proxy(market), limit=20)]
    order = list(reversed(range(20)))
    loader = DataLoader(make_proxy(market), 4, sampler=order, num_workers=2, collate_fn=list)
    results = [results for batch in loader for results in batch]
    for index, result in zip(order, results, strict=True):
        assert np.array_equal(result['img'], expected[index])


def test_without_key_points_an_ellipse_is_the_body(market):
    image = np.full((100, 40, 3), 255, np.uint8)
    results = make_occluder(market)(dict(img=image, img_path='new.png', occlusion_seed=3))
    y, x = np.mgrid[:100, :40]
    body = ((x - 19.5) / 10) ** 2 + ((y - 49.5) / 45) ** 2 <= 1
    assert (module._ellipse(100, 40) == body).all()
    assert 0.2 <= results['occluded_share'] <= 0.6


@pytest.mark.parametrize('entry', ['below', 'side', 'above'])
def test_where_nothing_fits_a_wall_covers_what_it_should(market, monkeypatch, entry):
    monkeypatch.setattr(module, '_TRIALS', 0)
    monkeypatch.setattr(module, '_draw_entry', lambda rng: entry)
    source = LoadKeypointParsing(str(market / 'points.npz'))
    for seed in range(5):
        image = np.zeros((128, 64, 3), np.uint8)
        results = dict(img=image, img_path=STEMS['query'][0], occlusion_seed=seed)
        size = np.count_nonzero(source.load(STEMS['query'][0], results))
        # The first number that the seed gives is the share to aim at.
        aim = 0.2 + 0.4 * np.random.Generator(np.random.PCG64(seed)).random()
        results = make_occluder(market)(results)
        assert results['occluder'] == 'wall'
        assert abs(results['occluded_share'] - aim) <= 0.5 / size + 1e-9


def test_exact_shapes_hold_the_pixels_that_geometry_says():
    brush = ExactBrush(10, (1, 1))
    brush.poly([(0, 0), (0.4, 0), (0, 0.4)], (1, 2, 3))  # x + y <= 4: 5 + 4 + 3 + 2 + 1 pixels
    brush.box(0.7, 0.8, 0.9, 2, (1, 2, 3))  # columns 7 to 9, rows 8 and 9
    assert (np.add(*np.mgrid[:10, :10]) <= 4)[brush.image[..., 3] > 0].sum() == 15
    assert np.count_nonzero(brush.image[..., 3]) == 15 + 6
    brush = ExactBrush(10, (1, 1))
    brush.disc(0.5, 0.5, 0.2, (1, 2, 3))  # x² + y² <= 4: 13 pixels
    assert np.count_nonzero(brush.image[..., 3]) == 13
    brush = ExactBrush(10, (1, 1))
    brush.line((0.1, 0.2), (0.7, 0.5), (1, 2, 3), 0.1)
    # Slope 1/2: a pixel is in if it lies at most 1/2 off the line, that is 1.118 / 2 in y.
    y, x = np.mgrid[:10, :10]
    line = (abs(y - 2 - (x - 1) / 2) <= np.sqrt(1.25) / 2) & (2 * x + y >= 4) & (2 * x + y <= 19)
    assert np.array_equal(brush.image[..., 3] > 0, line)


def test_nobody_stands_in_front_of_himself(market):
    people = make_occluder(market)._load_people()
    drawn = []
    for seed in range(60):
        rng = np.random.Generator(np.random.PCG64(seed))
        drawn.append(people.draw(rng, dict(img_path='0003_c9.png', pid=3), 128) is None)
    assert isinstance(people, People) and 2 <= sum(drawn) <= 25  # one in six donors: 10 expected


def test_only_listed_training_people_are_pasted(market):
    subsets = dict.fromkeys(range(1, 4), 'train') | {4: 'query', 5: 'gallery'}  # 6 is not listed
    rows = [
        f'bounding_box_train/{number:04d}_c1s1_000001_00.png,{number + 30},{subset}'
        for number, subset in subsets.items()
    ]
    path = market / 'list.csv'
    path.write_text('\n'.join(['path,pid,subset', *rows]))
    occluder = make_occluder(market, people_root=str(market), people_file=str(path))
    people = occluder._load_people()
    assert occluder.num_donors == 3 and [d.pid for d in people.donors] == [31, 32, 33]
    # The list says who he is, whatever the file name says.
    none = sum(
        people.draw(np.random.Generator(np.random.PCG64(seed)), dict(img_path='x.png', pid=32), 128)
        is None
        for seed in range(60)
    )
    assert 10 <= none <= 30  # one in three donors: 20 expected
    with pytest.raises(FileNotFoundError, match=r'gone\.csv'):
        make_occluder(market, people_file=str(market / 'gone.csv'))


def test_unseen_joints_do_not_widen_the_body(market, tmp_path):
    points = np.concatenate([np.array([STANDING] * 1), np.full((1, 14, 1), 0.9)], axis=2)
    points[0, [10, 13], 2] = 0.1  # the ankles
    np.savez(tmp_path / 'k.npz', keypoint_names=JOINTS_14, x_names=['a'], x_keypoints=points)
    results = dict(img=np.zeros((128, 64, 3), np.uint8), img_path='a.png')
    bodies = [
        OccludePerson(str(tmp_path / 'k.npz'), people=0, min_score=score)._body(results)
        for score in (0, 0.3)
    ]
    assert bodies[0][104, 40] and not bodies[1][104, 40]  # a shin
    assert (bodies[0] | bodies[1] == bodies[0]).all()


def test_covered_pixels_become_background_in_the_label(market):
    label = np.full((128, 64), 4, np.uint8)
    image = np.zeros((128, 64, 3), np.uint8)
    path = STEMS['query'][0]
    results = dict(img=image, img_path=path, occlusion_seed=5, gt_seg_map=label)
    results = make_occluder(market)(results)
    hidden = results['img'].any(2)
    assert (results['gt_seg_map'][hidden] == 0).all()
    assert set(np.unique(results['gt_seg_map'])) == {0, 4} and (label == 4).all()
    assert not image.any()
    ignored = dict(img=image, img_path=path, occlusion_seed=5, gt_seg_map=label * 0 + 255)
    assert (make_occluder(market)(ignored)['gt_seg_map'] == 255).all()


def test_a_pipeline_without_the_transform_is_refused(market):
    with pytest.raises(ValueError, match='needs the transform OccludePerson'):
        make_proxy(market, pipeline=[LoadImage()])
    with pytest.raises(ValueError, match='no OccludePerson'):
        image_checksum(ReIDDataset('market1501', market, 'test', [LoadImage()]))


def test_a_data_set_without_the_option_is_refused(market):
    dataset = ReIDDataset('market1501', market, 'test', [LoadImage(), make_occluder(market)])
    with pytest.raises(KeyError, match='occlusion=dict'):
        dataset[0]


def test_validation_images_can_be_occluded(tmp_path):
    root = write_market(tmp_path)
    first = root / 'bounding_box_train' / '0001_c1s1_000001_00.png'
    for name in ('0001_c1s1_000002_00.png', '0001_c2s1_000001_00.png'):
        shutil.copy(first, first.with_name(name))
    # Six people, one of them in two cameras: seven queries, and a gallery of one image.
    dataset = make_proxy(root, split='val')
    assert dataset.metainfo['dataset_name'] == 'pasted_market1501_val'
    assert changed(dataset) == [True] * 7 + [False]


def test_training_images_are_not_occluded(market):
    with pytest.raises(ValueError, match="split='test' and 'val', split is 'train'"):
        ReIDDataset('market1501', market, 'train', occlusion=dict(seed=0))


@pytest.mark.parametrize(
    ('occlusion', 'message'),
    [
        (dict(seeds=0), 'seeds'),
        (dict(seed=-1), 'whole number from 0, got -1'),
        (dict(seed=0.5), 'whole number from 0, got 0.5'),
        (dict(query=1.5), "'query'.*got 1.5"),
        (dict(gallery=-0.1), "'gallery'.*got -0.1"),
    ],
)
def test_wrong_options_are_named(market, occlusion, message):
    with pytest.raises(ValueError, match=message):
        ReIDDataset('market1501', market, 'test', occlusion=occlusion)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(covered=(0.6, 0.2)), 'covered must be'),
        (dict(covered=(0.0, 0.5)), 'covered must be'),
        (dict(people=1.0), 'people must be'),
        (dict(people_root=''), 'give both, or set people=0'),
        (dict(origin=2), 'origin must be'),
    ],
)
def test_wrong_arguments_are_named(market, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_occluder(market, **arguments)


def test_missing_files_are_named(market, tmp_path):
    results = dict(img=np.zeros((128, 64, 3), np.uint8), img_path='a.png', occlusion_seed=1)
    with pytest.raises(FileNotFoundError, match='no-file'):
        OccludePerson('no-file.npz', people=0)(dict(results))
    with pytest.raises(FileNotFoundError, match='set `people_root`'):
        make_occluder(market, people_root=str(tmp_path / 'no'))._load_people()
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match=r'no image below .* has key points'):
        make_occluder(market, people_root=str(tmp_path / 'empty'))


def test_missing_donors_are_noticed(market, monkeypatch):
    lines = []
    monkeypatch.setattr(reid_dataset, 'print_log', lambda line, *_, **__: lines.append(line))
    make_proxy(market)
    assert 'people are cut out of 6 images' in lines[-2]
    assert 'the published training set has 12936 images' in lines[-1]
    make_proxy(market, pipeline=[LoadImage(), make_occluder(market, people=0)])
    assert 'people are cut out of 0 images' in lines[-1]


@pytest.mark.skipif(not MARKET.is_dir(), reason='Market-1501 is not in data/')
def test_the_proxy_of_the_config_is_the_published_one(monkeypatch):
    # The first 100 queries; the whole test set takes minutes, and its sum is in the docs.
    monkeypatch.chdir(ROOT)
    dataset = DATASETS.build(Config.fromfile(BASE).pasted_dataloader.dataset)
    assert image_checksum(dataset, limit=100) == MARKET_CHECKSUM


def test_the_config_counts_pixels_from_one_as_the_key_points_do():
    # The outer joints of the key points lie at 1 and at the width of the images, 64.
    dataset = Config.fromfile(BASE).pasted_dataloader.dataset
    assert dataset.occlusion == dict(seed=0, query=1.0, gallery=0.1)
    assert dataset.pipeline[1].origin == 1


def test_the_config_sets_the_proxy_beside_the_test_set(market, tmp_path):
    cfg = Config.fromfile(BASE)
    cfg.dump(tmp_path / 'dumped.py')
    cfg = Config.fromfile(tmp_path / 'dumped.py')
    dataset = DATASETS.build(dict(cfg.pasted_dataloader.dataset, lazy_init=True))
    kinds = [type(transform) for transform in dataset.pipeline.transforms]
    assert kinds[:2] == [LoadImage, OccludePerson] and kinds.count(OccludePerson) == 1
    assert dataset.metainfo['dataset_name'] == 'pasted_market1501'
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        other = DATASETS.build(dict(loader.dataset, lazy_init=True))
        assert not any(isinstance(t, OccludePerson) for t in other.pipeline.transforms)
