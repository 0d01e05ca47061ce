import logging
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmdrop.datasets import LoadImage, PackReIDInputs, ReIDDataset
from mmdrop.datasets import reid_dataset as module
from mmdrop.datasets.layouts import LAYOUTS
from mmdrop.datasets.splits import draw_half

MARKET = {
    'bounding_box_train': ('0007_c2s1_000001_01', '0002_c1s1_000451_03', '0007_c6s2_000003_01'),
    'query': ('0003_c1s1_000001_00',),
    'bounding_box_test': ('-1_c1s1_000001_01', '0000_c1s1_000001_01', '0003_c4s1_000001_01'),
}


def write_image(path):
    """An image whose content depends on its whole path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(str(path).encode()))
    Image.fromarray(rng.integers(0, 256, (8, 4, 3), np.uint8)).save(path)


@pytest.fixture
def market(tmp_path):
    for folder, stems in MARKET.items():
        for stem in stems:
            write_image(tmp_path / folder / f'{stem}.jpg')
    return tmp_path


def make_pairs(root, folders, num_pids, extension):
    """Two folders with one folder and one image for each identity."""
    for folder in folders:
        for pid in range(1, num_pids + 1):
            write_image(root / folder / f'{pid:03d}' / f'{pid:03d}_01{extension}')


def column(dataset, key):
    return [dataset.get_data_info(i)[key] for i in range(len(dataset))]


def test_market_training_set_is_sorted_with_labels_in_the_order_of_pids(market):
    dataset = ReIDDataset('market1501', market, 'train')
    assert column(dataset, 'pid') == [2, 7, 7]
    assert column(dataset, 'gt_label') == [0, 1, 1]
    assert column(dataset, 'camid') == [0, 1, 5]
    assert not any(column(dataset, 'is_query')) and not dataset.test_mode
    assert dataset.metainfo == dict(dataset_name='market1501', num_identities=2, num_cameras=3)


def test_market_test_set_has_queries_first_keeps_distractors_and_drops_junk(market):
    dataset = ReIDDataset('market1501', market, 'test')
    assert column(dataset, 'pid') == [3, 0, 3]
    assert column(dataset, 'is_query') == [True, False, False]
    assert column(dataset, 'gt_label') == [-1, -1, -1] and dataset.test_mode


def test_the_first_training_image_of_an_identity_and_camera_is_a_query_of_the_validation(market):
    for stem in ('0002_c1s1_000451_01', '0002_c1s1_000451_02', '0007_c2s2_000001_01'):
        write_image(market / 'bounding_box_train' / f'{stem}.jpg')
    dataset = ReIDDataset('market1501', market, 'val')
    stems = [stem.split('/')[1] for stem in column(dataset, 'label_stem')]
    # Sorted by name, 0002 has 000451_01, _02, _03 in camera 1, 0007 two images in camera 2 and one
    # in camera 6.
    assert stems[:3] == ['0002_c1s1_000451_01', '0007_c2s1_000001_01', '0007_c6s2_000003_01']
    assert stems[3:] == ['0002_c1s1_000451_02', '0002_c1s1_000451_03', '0007_c2s2_000001_01']
    assert column(dataset, 'is_query') == 3 * [True] + 3 * [False]
    assert dataset.test_mode and dataset.metainfo['dataset_name'] == 'market1501_val'


def test_identities_are_drawn_once_and_split_without_overlap(tmp_path):
    for pid in range(1, 11):
        write_image(tmp_path / 'bounding_box_train' / f'{pid:04d}_c1s1_000001_01.jpg')

    def kept(*places, split='train'):
        return set(column(ReIDDataset('market1501', tmp_path, split, identities=places), 'pid'))

    first, second = kept(0, 4), kept(4, 10)
    assert len(first) == 4 and first | second == set(range(1, 11)) and not first & second
    assert first != {1, 2, 3, 4} and kept(0, 3) < first
    with pytest.raises(ValueError, match='10 identities'):
        kept(0, 11)
    for wrong in ((4, 4), (-1, 2)):
        with pytest.raises(ValueError, match='rising'):
            kept(*wrong)


def test_distractors_stay_whatever_identities_are_kept(market):
    for folder, camera in (('query', 1), ('bounding_box_test', 4)):
        write_image(market / folder / f'0009_c{camera}s1_000001_01.jpg')
    kept = [
        set(column(ReIDDataset('market1501', market, 'test', identities=(i, i + 1)), 'pid'))
        for i in (0, 1)
    ]
    assert sorted(map(sorted, kept)) == [[0, 3], [0, 9]]


def test_other_files_are_left_out(market):
    for name in ('Thumbs.db', '.DS_Store', '._0002_c1s1_000451_03.jpg'):
        (market / 'bounding_box_train' / name).touch()
    assert len(ReIDDataset('market1501', market, 'train')) == 3


def test_counts_and_junk_are_logged_and_a_difference_is_a_warning(market, monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda text, _, level=20: lines.append((level, text)))
    ReIDDataset('market1501', market, 'test')
    text = '\n'.join(text for _, text in lines)
    assert '1 junk images' in text and 'gallery: 2 images, 2 identities, 2 cameras' in text
    warnings = [text for level, text in lines if level == logging.WARNING]
    assert '1 images' in warnings[0] and '3368 images' in warnings[0]


@pytest.mark.parametrize('layout', ['dukemtmc', 'occluded_duke'])
def test_duke_names_give_pid_and_camera(tmp_path, layout):
    for stem in ('0005_c2_f0046985', '0001_c8_f0046182'):
        write_image(tmp_path / 'bounding_box_train' / f'{stem}.jpg')
    dataset = ReIDDataset(layout, tmp_path, 'train')
    assert column(dataset, 'pid') == [1, 5] and column(dataset, 'camid') == [7, 1]


def test_occluded_market_has_names_of_market1501_and_of_mars_and_keeps_distractors(tmp_path):
    # Identity 9 is in training too, as 29 of the published ones are.
    stems = dict(
        occluded_train=('0002_c2s0014_092', '0009_c1s6_027271_05'),
        occluded_query=('0009_c6s0001_013',),
        bounding_box_test=('0000_c1s1_000151_01', '0009_c1s1_000376_03'),
    )
    for folder, names in stems.items():
        for stem in names:
            write_image(tmp_path / folder / f'{stem}.jpg')
    train, test = (ReIDDataset('occluded_market', tmp_path, split) for split in ('train', 'test'))
    assert column(train, 'pid') == [2, 9] and column(train, 'camid') == [1, 0]
    assert column(test, 'pid') == [9, 0, 9] and column(test, 'camid') == [5, 0, 0]
    part = ReIDDataset('occluded_market', tmp_path, 'test', identities=(0, 1))
    assert column(part, 'pid') == [9, 0, 9]  # distractors are nobody to be chosen


def test_the_two_cameras_of_cuhk01_are_its_queries_and_its_gallery(tmp_path):
    # Images 1 and 2 of a person are of the first camera, 3 and 4 of the second.
    for pid in (1, 971):
        for number in (1, 2, 3, 4):
            write_image(tmp_path / 'campus' / f'{pid:04d}{number:03d}.png')
    train, test = (ReIDDataset('cuhk01', tmp_path, split) for split in ('train', 'test'))
    assert column(train, 'pid') == [1] * 4 + [971] * 4
    assert column(train, 'camid') == [0, 0, 1, 1] * 2
    assert column(test, 'is_query') == [True] * 4 + [False] * 4
    assert column(test, 'camid') == [0] * 4 + [1] * 4
    assert column(test, 'pid') == [1, 1, 971, 971] * 2
    queries = ['campus/0001001', 'campus/0001002', 'campus/0971001', 'campus/0971002']
    assert column(test, 'label_stem')[:4] == queries


@pytest.mark.parametrize(('layout', 'shared'), [('cuhk01', 971), ('occluded_market', 29)])
def test_identities_on_both_sides_as_published_are_noted(layout, shared, tmp_path, monkeypatch):
    for pid in (1, 2):
        write_image(tmp_path / f'campus/{pid:04d}001.png')
        write_image(tmp_path / f'occluded_train/{pid:04d}_c2s0014_092.jpg')
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda text, *_, **__: lines.append(text))
    ReIDDataset(layout, tmp_path, 'train')
    assert f'{layout}: {shared} identities are both in its training and in its test set' in lines


def test_p_dukemtmc_trains_on_both_folders_and_queries_with_the_occluded(tmp_path):
    for split in ('train', 'test'):
        folders = (f'{split}/occluded_body_images', f'{split}/whole_body_images')
        make_pairs(tmp_path, folders, 2, '.jpg')
    train = ReIDDataset('p_dukemtmc', tmp_path, 'train')
    test = ReIDDataset('p_dukemtmc', tmp_path, 'test')
    assert column(train, 'camid') == column(test, 'camid') == [0, 0, 1, 1]
    assert column(train, 'gt_label') == [0, 1, 0, 1]
    assert column(test, 'is_query') == [True, True, False, False]
    # Published labels have no folder for the identity.
    assert column(test, 'label_stem')[0] == 'test/occluded_body_images/001_01'


def test_occluded_reid_transfer_tests_on_all_and_has_no_training_split(tmp_path):
    make_pairs(tmp_path, ('occluded_body_images', 'whole_body_images'), 4, '.tif')
    test = ReIDDataset('occluded_reid', tmp_path, 'test', protocol='transfer')
    assert column(test, 'camid') == [0] * 4 + [1] * 4
    assert test.metainfo['dataset_name'] == 'occluded_reid_transfer'
    with pytest.raises(ValueError, match='no training split'):
        ReIDDataset('occluded_reid', tmp_path, 'train', protocol='transfer')


@pytest.mark.parametrize('draw', [0, 9])
def test_occluded_reid_half_splits_the_identities(tmp_path, draw):
    make_pairs(tmp_path, ('occluded_body_images', 'whole_body_images'), 6, '.tif')
    train, test = (
        ReIDDataset('occluded_reid', tmp_path, split, protocol='half', draw=draw)
        for split in ('train', 'test')
    )
    train_pids, test_pids = set(column(train, 'pid')), set(column(test, 'pid'))
    assert len(train_pids) == len(test_pids) == 3 and not train_pids & test_pids
    assert len(train) == len(test) == 6
    assert test.metainfo['dataset_name'] == f'occluded_reid_half_draw{draw}'


def test_ten_draws_are_ten_different_halves():
    draws = {frozenset(draw_half(set(range(1, 201)), draw)) for draw in range(10)}
    assert len(draws) == 10 and all(len(pids) == 100 for pids in draws)


def test_a_draw_never_changes():
    # The identity whose 64-bit number, straight from PCG64, is smallest comes first.
    numbers = [int(np.random.PCG64(3).random_raw(4)[i]) for i in range(4)]
    expected = {pid for _, pid in sorted(zip(numbers, (5, 6, 8, 9), strict=True))[:2]}
    assert draw_half({9, 8, 6, 5}, 3) == expected


def test_folder_layout_takes_text_as_identity_in_sorted_order(tmp_path):
    for path in ('train/bob/x.png', 'train/alice/sub/y.jpg', 'train/bob/z.bmp'):
        write_image(tmp_path / path)
    dataset = ReIDDataset('folder', tmp_path, 'train')
    assert column(dataset, 'pid') == [0, 1, 1] and column(dataset, 'camid') == [-1] * 3
    assert dataset.metainfo['num_cameras'] == 0
    assert column(dataset, 'label_stem')[0] == 'train/alice/sub/y'


def test_a_folder_of_people_alone_is_a_training_set(tmp_path):
    for path in ('bob/x.png', 'alice/sub/y.jpg', 'bob/z.bmp', '.cache/no.png'):
        write_image(tmp_path / path)
    dataset = ReIDDataset('folder', tmp_path, 'train')
    assert column(dataset, 'label_stem') == ['alice/sub/y', 'bob/x', 'bob/z']
    assert column(dataset, 'pid') == [0, 1, 1]
    with pytest.raises(FileNotFoundError, match='query'):
        ReIDDataset('folder', tmp_path, 'test')
    write_image(tmp_path / 'query/carol/x.png')  # then train/ is expected beside it
    with pytest.raises(FileNotFoundError, match='train does not exist'):
        ReIDDataset('folder', tmp_path, 'train')


def test_shares_of_the_identities_divide_them(tmp_path):
    for i in range(10):
        write_image(tmp_path / f'person {i}/1.png')
        write_image(tmp_path / f'person {i}/2.png')

    def read(split, first, last):
        return ReIDDataset('folder', tmp_path, split, identities=(first, last))

    train, val = read('train', 0.0, 0.75), read('val', 0.75, 1.0)
    assert len(set(column(train, 'pid'))) == 8 and len(set(column(val, 'pid'))) == 2  # of 7.5
    assert not set(column(train, 'img_path')) & set(column(val, 'img_path'))
    assert column(train, 'img_path') == column(read('train', 0, 8), 'img_path')
    with pytest.raises(ValueError, match=r'shares end at 1\.0'):
        read('train', 0.5, 2)


def test_folder_layout_reads_names_with_a_pattern(tmp_path):
    for path in ('query/a12-3.png', 'gallery/a12-0.png', 'gallery/a7-0.png'):
        write_image(tmp_path / path)
    pattern = r'a(?P<pid>\d+)-(?P<camid>\d+)'
    dataset = ReIDDataset('folder', tmp_path, 'test', pattern=pattern)
    assert column(dataset, 'pid') == [12, 12, 7] and column(dataset, 'camid') == [3, 0, 0]


def test_folder_layout_without_folder_of_identity_is_refused(tmp_path):
    write_image(tmp_path / 'train/x.png')
    with pytest.raises(ValueError, match=r'x.png is in no folder of an identity'):
        ReIDDataset('folder', tmp_path, 'train')


def test_csv_layout_reads_its_columns(tmp_path):
    rows = ['path,pid,camid,subset', 'b.png,9,2,query', 'a.png,9,,gallery', 'c.png,1,0,train']
    (tmp_path / 'list.csv').write_text('\n'.join(rows))
    for name in 'abc':
        write_image(tmp_path / f'{name}.png')
    dataset = ReIDDataset('csv', tmp_path, 'test', ann_file='list.csv')
    assert column(dataset, 'pid') == [9, 9] and column(dataset, 'camid') == [2, -1]
    assert column(dataset, 'img_path')[0] == str(tmp_path / 'b.png')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('path,subset\na.png,train', "no column \\['pid'\\]"),
        ('path,pid,subset\na.png,1,valid', 'line 2: subset'),
        ('path,pid,subset\na.png,,train', 'line 2: path and pid'),
        ('path,pid,subset,camid\na.png,1,train,left', "line 2: camera 'left'"),
    ],
)
def test_wrong_csv_rows_are_named(tmp_path, text, message):
    (tmp_path / 'list.csv').write_text(text)
    with pytest.raises(ValueError, match=message):
        ReIDDataset('csv', tmp_path, 'train', ann_file='list.csv')


def test_a_missing_csv_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'list.csv'):
        ReIDDataset('csv', tmp_path, 'train', ann_file='list.csv')


def test_a_missing_folder_is_named_with_the_tree_and_the_key(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'bounding_box_train.*data_root.*query/') as error:
        ReIDDataset('market1501', tmp_path, 'train')
    assert str(tmp_path) in str(error.value)


def test_an_empty_subset_is_refused(market):
    for path in (market / 'query').iterdir():
        path.unlink()
    with pytest.raises(ValueError, match='no query image'):
        ReIDDataset('market1501', market, 'test')


def test_a_name_that_does_not_parse_is_named(market):
    write_image(market / 'bounding_box_train' / 'person_12.jpg')
    with pytest.raises(ValueError, match=r'person_12.jpg.*pattern'):
        ReIDDataset('market1501', market, 'train')


def test_one_training_identity_is_too_few(tmp_path):
    write_image(tmp_path / 'train/bob/x.png')
    with pytest.raises(ValueError, match='needs 2 identities'):
        ReIDDataset('folder', tmp_path, 'train')


@pytest.mark.parametrize(
    'arguments',
    [
        dict(layout='msmt17'),
        dict(split='valid'),
        dict(protocol='half'),
        dict(layout='occluded_reid'),
        dict(layout='occluded_reid', protocol='half', draw=10),
        dict(draw=1),
        dict(pattern='(?P<pid>.)'),
        dict(layout='folder', pattern='.'),
        dict(layout='csv'),
        dict(ann_file='list.csv'),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, arguments):
    arguments = dict(layout='market1501', split='train') | arguments
    with pytest.raises(ValueError, match=r'must be|needs|only|go together'):
        ReIDDataset(data_root=tmp_path, **arguments)


def test_images_are_decoded_at_each_access_and_not_kept(market):
    dataset = ReIDDataset(
        'market1501', market, 'train', [LoadImage(), PackReIDInputs()], serialize_data=False
    )
    sample = dataset[1]['data_samples']
    assert (sample.pid, sample.camid, sample.gt_label, sample.is_query) == (7, 1, 1, False)
    assert 'img' not in dataset.data_list[1]


def test_a_pipeline_that_returns_none_is_an_error(market):
    dataset = ReIDDataset('market1501', market, 'train', [lambda results: None])
    with pytest.raises(ValueError, match=r'0002_c1s1_000451_03.jpg.*returned None'):
        dataset[0]


def test_lazy_pickled_and_indexed_data_sets_hold_the_same_images(market):
    dataset = ReIDDataset('market1501', market, 'train', lazy_init=True)
    assert dataset.metainfo['dataset_name'] == 'market1501'
    dataset.full_init()
    assert column(pickle.loads(pickle.dumps(dataset)), 'pid') == [2, 7, 7]
    assert column(ReIDDataset('market1501', market, 'train', indices=2), 'gt_label') == [0, 1]


def test_the_counts_that_loading_compares_are_those_of_the_documentation():
    text = (Path(__file__).parents[2] / 'docs/datasets.md').read_text()
    number = r'(?:([\d,]+) / ([\d,]+)( and the distractors)?|–)'
    found = re.findall(rf'^\| `(\w+)`(.*) \| {number} \| {number} \| {number} \|', text, re.M)
    seen = set()
    for name, more, *numbers in found:
        name += '_half' if 'half' in more else '_transfer' if 'transfer' in more else ''
        seen.add(name)
        for i, subset in enumerate(('train', 'query', 'gallery')):
            images, identities, distractors = numbers[3 * i : 3 * i + 3]
            known = LAYOUTS[name].known.get(subset)
            if not images:
                assert known is None
                continue
            # Market-1501's distractors share one more identity
            expected = int(identities.replace(',', '')) + bool(distractors)
            assert known[:2] == (int(images.replace(',', '')), expected)
    assert seen == set(LAYOUTS)
