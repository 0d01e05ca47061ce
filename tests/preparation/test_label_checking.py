import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmdrop.datasets import (
    LoadKeypointParsing,
    LoadParsingMap,
    LoadPifPafFields,
    ParsingSource,
    ReIDDataset,
)
from mmdrop.preparation import check_labels, dataset_images, find_label_source

ROOT = Path(__file__).parents[2]


def write_image(path, shape=(8, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*shape, 3), 90, np.uint8)).save(path)
    return str(path)


def write_map(path, label):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(label, np.uint8)).save(path)


def write_fields(path, *channels, shape=(8, 4), value=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = np.zeros((36, *shape), np.float32)
    fields[list(channels)] = value
    np.save(path, fields)


def halves(upper, lower):
    label = np.full((8, 4), upper)
    label[4:] = lower
    return label


@pytest.fixture
def images(tmp_path):
    stems = ('train/a', 'train/b')
    return [(write_image(tmp_path / f'images/{stem}.jpg'), stem) for stem in stems]


@pytest.fixture
def labels(tmp_path):
    return tmp_path / 'labels'


def check_maps(labels, images, **kwargs):
    source = LoadParsingMap(str(labels), kwargs.pop('num_parts', 3), **kwargs)
    return check_labels(source, images, quiet=True)


def test_the_shares_are_means_over_the_labels(labels, images):
    write_map(labels / 'train/a.png', halves(1, 2))
    write_map(labels / 'train/b.png', np.full((8, 4), 3))
    report = check_maps(labels, images)
    # Part 1 and part 2 fill half of one image of two, part 3 one whole image of two.
    names = ('background', 'head', 'arms and torso', 'legs and feet', 'ignored')
    assert report.shares == dict(zip(names, (0, 0.25, 0.25, 0.5, 0), strict=True))
    assert report.shown == {'head': 0.5, 'arms and torso': 0.5, 'legs and feet': 0.5}
    assert report.ok and report.usable == images
    assert '2 of 2 images have a label' in report.lines
    assert 'shapes: 2 × (8, 4) uint8' in report.lines and 'values: 1 to 3' in report.lines


def test_small_labels_weigh_as_much_as_large_ones(labels, tmp_path):
    images = [
        (write_image(tmp_path / 'a.jpg', (8, 4)), 'a'),
        (write_image(tmp_path / 'b.jpg', (80, 40)), 'b'),
    ]
    write_map(labels / 'a.png', np.full((8, 4), 1))
    write_map(labels / 'b.png', np.full((8, 4), 255))
    report = check_maps(labels, images)
    assert report.shares['head'] == report.shares['ignored'] == 0.5
    assert report.empty == ['b']


def test_an_image_without_a_label_and_a_label_without_an_image_are_named(labels, images):
    write_map(labels / 'train/a.png', halves(1, 2))
    write_map(labels / 'train/c.png', halves(3, 3))
    report = check_maps(labels, images)
    assert [reason.split()[0] for reason in report.missing] == [images[1][0]]
    assert str(labels / 'train/b.png') in report.missing[0]
    assert report.unused == ['train/c'] and not report.ok
    assert '1 of 2 images have no label' in report.problems[0]


def test_a_missing_label_is_no_problem_where_training_ignores_it(labels, images):
    write_map(labels / 'train/a.png', [[1, 2], [2, 3]] * 2)
    report = check_maps(labels, images, missing='ignore')
    assert report.ok and len(report.missing) == 1
    assert any("missing='ignore'" in line for line in report.lines)


@pytest.mark.parametrize('missing', ['error', 'ignore'])
def test_labels_in_another_folder_are_noticed(labels, images, missing):
    write_map(labels / 'bounding_box_train/a.png', halves(1, 2))
    (problem,) = check_maps(labels, images, missing=missing).problems
    assert 'folder, layout or suffix may be wrong' in problem


def test_labels_of_another_kind_are_named(labels, images):
    write_fields(labels / 'train/a.npy', 0)
    (problem,) = check_maps(labels, images).problems
    assert '2 of 2 images have no label' in problem and 'the folder holds 1 .npy' in problem


def test_images_of_one_label_name_are_a_problem(labels, images, tmp_path):
    for stem in ('train/a', 'train/b'):
        write_map(labels / f'{stem}.png', [[1, 2, 2, 3]] * 8)
    twin = (write_image(tmp_path / 'images/train/a.png'), 'train/a')
    (problem,) = check_maps(labels, [*images, twin]).problems
    assert 'label names stand for several images' in problem and 'train/a' in problem


def test_a_hint_says_that_the_mapping_may_be_missing(labels, images):
    for stem in ('train/a', 'train/b'):
        write_map(labels / f'{stem}.png', np.full((8, 4), 9))
    (problem,) = check_maps(labels, images).problems
    assert 'class indices [9] are not in the mapping' in problem and 'set `mapping`' in problem


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (np.zeros((8, 4, 36), np.float32), r'found (8, 4, 36); the channels are last'),
        (np.zeros((17, 8, 4), np.float32), r'found (17, 8, 4)'),
        (np.full((36, 8, 4), 2.0), 'must be numbers in [0, 1]'),
        (b'', 'is not a readable .npy file'),
        (b'\x93NUMPY\x01\x00', 'is not a readable .npy file'),
    ],
)
def test_a_damaged_label_is_named_and_the_others_are_read(labels, images, content, message):
    write_fields(labels / 'train/b.npy', 0, 5, 6, 11, 13, 14, 15, 16)
    path = labels / 'train/a.npy'
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
    report = check_labels(LoadPifPafFields(str(labels)), images, quiet=True)
    (reason,) = report.broken
    assert str(path) in reason and message in reason
    assert report.usable == [images[1]] and not report.ok


@pytest.mark.parametrize(('shape', 'skewed'), [((6, 4), 0), ((8, 3), 0), ((5, 4), 1), ((8, 2), 1)])
def test_a_label_may_have_one_and_a_half_times_the_proportions(labels, images, shape, skewed):
    # The image is twice as high as wide; 6 × 4 is 1.33 times off, 8 × 3 too, 5 × 4 is 1.6.
    write_map(labels / 'train/a.png', np.ones(shape))
    report = check_maps(labels, images[:1])
    assert len(report.skewed) == skewed and len(report.usable) == 1 - skewed
    assert report.shares['head'] == 1  # training would read it all the same


def test_fields_with_height_and_width_exchanged_are_noticed(labels, images):
    write_fields(labels / 'train/a.npy', 0, shape=(2, 4))
    write_fields(labels / 'train/b.npy', 0, shape=(4, 2))
    report = check_labels(LoadPifPafFields(str(labels)), images, quiet=True)
    (reason,) = report.skewed
    assert str(labels / 'train/a.npy') in reason and '(2, 4)' in reason and '(8, 4)' in reason
    assert report.usable == [images[1]]


def test_the_label_of_an_image_that_could_not_be_read_is_not_skewed(labels, images):
    for stem in ('a', 'b'):
        write_fields(labels / f'train/{stem}.npy', shape=(1, 1))
    report = check_labels(LoadPifPafFields(str(labels)), images, quiet=True)
    assert not report.skewed and report.empty == ['train/a', 'train/b']
    assert 'no label shows head' in report.problems[0]


def test_an_unreadable_image_is_named(labels, images):
    for stem in ('a', 'b'):
        write_map(labels / f'train/{stem}.png', [[1, 2], [2, 3]] * 2)
    Path(images[0][0]).write_bytes(Path(images[0][0]).read_bytes()[:100])
    report = check_maps(labels, images)
    (reason,) = report.unreadable
    assert images[0][0] in reason and report.usable == [images[1]]


def test_a_part_that_no_label_shows_is_a_problem(labels, images):
    for stem in ('a', 'b'):
        write_map(labels / f'train/{stem}.png', halves(1, 2))
    (problem,) = check_maps(labels, images).problems
    assert problem.startswith('no label shows legs and feet:')


def test_labels_alone_are_looked_at_in_their_own_size(labels):
    write_map(labels / 'x/a.png', [[0, 1], [2, 3]])
    (labels / 'x/.a.png.part').write_bytes(b'')  # of a run that was killed
    report = check_maps(labels, None)
    assert report.usable == [(None, 'x/a')] and report.lines[0] == '1 label files'
    assert set(report.shares.values()) == {0.25, 0}


def test_a_folder_without_label_files_is_a_problem(labels):
    labels.mkdir()
    (problem,) = check_maps(labels, None).problems
    assert 'holds no .png file' in problem
    with pytest.raises(FileNotFoundError, match='is not a folder'):
        check_maps(labels / 'masks', None)


def test_key_points_need_images_and_are_drawn_at_their_size(tmp_path, images):
    points = [[1, 1, 1]] * 5 + [[3, 2, 1], [1, 2, 1]] * 2 + [[0, 0, 0]] * 8
    entry = dict(image_id='train/a.jpg', keypoints=np.ravel(points).tolist(), score=1.0)
    path = tmp_path / 'people.json'
    path.write_text(json.dumps([entry]))
    source = LoadKeypointParsing(str(path), 3)
    report = check_labels(source, images, quiet=True)
    assert report.usable == [images[0]] and report.shares['head'] > 0
    assert 'no entry train/b' in report.missing[0]
    with pytest.raises(ValueError, match='pass the images'):
        check_labels(source)


def test_an_entry_that_fits_two_images_is_a_problem(tmp_path):
    images = [(write_image(tmp_path / f'{x}/a.jpg'), f'{x}/a') for x in 'xy']
    path = tmp_path / 'people.json'
    path.write_text(json.dumps([dict(image_id='a.jpg', keypoints=[3.0] * 51, score=1.0)]))
    report = check_labels(LoadKeypointParsing(str(path), 3), images, quiet=True)
    assert any('label names stand for several images' in x for x in report.problems)


def test_what_a_source_of_ones_own_raises_is_a_damaged_label(images):
    class Failing(ParsingSource):
        def has_label(self, stem):
            return True

        def where(self, stem):
            return 'here'

        def load(self, stem, results):
            raise ZeroDivisionError('by hand')

    report = check_labels(Failing(5), images, quiet=True)
    assert report.broken[0] == 'train/a: ZeroDivisionError: by hand'


def test_the_source_is_found_by_the_files(tmp_path):
    duke = 'a/b.jpg.confidence_fields.npy'
    for name, expected in (
        (duke, ('LoadPifPafFields', '.jpg.confidence_fields.npy')),
        ('a/b.npy', ('LoadPifPafFields', '.npy')),
        ('a/b.png', ('LoadParsingMap', '.png')),
        ('a/b.jpg.predictions.json', ('LoadKeypointParsing', None)),
    ):
        folder = tmp_path / expected[0] / str(len(name))
        (folder / 'a').mkdir(parents=True)
        (folder / name).write_bytes(b'')
        (folder / 'notes.txt').write_text('made by hand')
        found = find_label_source(folder)
        assert (found['type'], found.get('suffix')) == expected


def test_the_most_frequent_kind_of_file_decides(tmp_path):
    for name in ('a.png', 'b.png', 'c.npy'):
        (tmp_path / name).write_bytes(b'')
    assert find_label_source(tmp_path)['suffix'] == '.png'
    assert find_label_source(tmp_path, suffix='.npy')['type'] == 'LoadPifPafFields'


def test_options_go_to_the_source_and_maps_are_our_own_without_a_mapping(tmp_path):
    write_map(tmp_path / 'a.png', halves(1, 2))
    root = str(tmp_path)
    expected = dict(type='LoadParsingMap', root=root, suffix='.png', mapping='limbs', num_parts=8)
    assert find_label_source(tmp_path) == expected
    expected |= dict(mapping='lip', num_parts=5, groups='five')
    assert find_label_source(tmp_path, mapping='lip', num_parts=5, groups='five') == expected
    assert find_label_source(tmp_path, 'Mine', num_parts=3) == dict(
        type='Mine', root=root, num_parts=3
    )


def test_a_folder_that_holds_no_labels_says_what_it_holds(tmp_path):
    (tmp_path / 'a.txt').write_text('')
    with pytest.raises(ValueError, match=r'holds no labels .* found 1 \.txt'):
        find_label_source(tmp_path)
    with pytest.raises(ValueError, match='key points are read from'):
        find_label_source(tmp_path / 'a.txt')
    with pytest.raises(FileNotFoundError, match='does not exist'):
        find_label_source(tmp_path / 'masks')


def test_several_processes_report_the_same(labels, tmp_path):
    images = []
    for i in range(130):
        images.append((write_image(tmp_path / f'images/{i}.png'), str(i)))
        write_map(labels / f'{i}.png', halves(i % 4, 3))
    source = LoadParsingMap(str(labels), 3)
    one, two = (check_labels(source, images, processes=n, quiet=True) for n in (1, 2))
    assert str(one) == str(two) and one.usable == two.usable == images


def test_the_images_of_a_data_set_carry_their_label_stems(tmp_path):
    for pid in ('1', '2'):
        write_image(tmp_path / f'train/{pid}/x.png')
    dataset = ReIDDataset('folder', str(tmp_path), 'train')
    assert [stem for _, stem in dataset_images(dataset)] == ['train/1/x', 'train/2/x']
    assert dataset_images(dataset)[0][0] == str(tmp_path / 'train/1/x.png')


def run_tool(*args, cwd):
    command = [sys.executable, ROOT / 'tools/data/check_labels.py', *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_the_tool_draws_labels_over_their_images_and_lists_what_is_wrong(labels, images, tmp_path):
    write_map(labels / 'train/a.png', [[1, 3, 6, 11]] * 8)
    folder = tmp_path / 'images'
    done = run_tool(labels, '--images', folder, '--options', 'num_parts=3', cwd=tmp_path)
    assert done.returncode == 1 and 'PROBLEM: 1 of 2 images have no label' in done.stdout
    out = tmp_path / 'work_dirs/check_labels'
    assert (out / 'check_labels.txt').read_text().startswith(f'missing: {images[1][0]}')
    assert np.asarray(Image.open(out / 'labels.png')).shape[2] == 3
    write_map(labels / 'train/b.png', [[1, 3, 6, 11]] * 8)
    done = run_tool(labels, '--images', folder, '--options', 'num_parts=3', cwd=tmp_path)
    assert done.returncode == 0 and 'complete' in done.stdout
    assert not (out / 'check_labels.txt').read_text()


def test_the_tool_checks_the_labels_of_a_recipe(tmp_path):
    tree = tmp_path / 'market'
    for stem in ('0002_c1s1_000451_03', '0007_c2s1_000001_01'):
        write_image(tree / f'bounding_box_train/{stem}.jpg')
        write_fields(tree / f'masks/pifpaf_maskrcnn_filtering/bounding_box_train/{stem}.npy', 0)
    options = (
        'train_dataloader.dataset.data_root=market',
        'train_dataloader.dataset.pipeline.1.root=market/masks/pifpaf_maskrcnn_filtering',
    )
    done = run_tool('drop_hrnet32_market1501.py', '--cfg-options', *options, cwd=tmp_path)
    assert '2 of 2 images have a label' in done.stdout, done.stderr
    assert "LoadPifPafFields(groups='five_v', num_parts=5, suffix='.npy')" in done.stdout
    done = run_tool('drop_demo.py', cwd=tmp_path)
    assert done.returncode == 1 and 'has no label source' in done.stderr


def test_the_tool_checks_the_labels_of_each_of_several_sets(tmp_path):
    for root, labels in (('one', 1), ('two', 3), ('bare', 1)):
        for pid in ('1', '2'):
            write_image(tmp_path / root / f'train/{pid}/{root}.png')
            if root != 'bare':
                path = tmp_path / f'{root}_labels/train/{pid}/{root}.png'
                path.parent.mkdir(parents=True)
                write_map(path, [[0, 1, labels, 2]] * 8)
    (tmp_path / 'joint.py').write_text("""
def members(*names):
    for name in names:
        source = dict(type='LoadParsingMap', root=f'{name}_labels', num_parts=3)
        steps = [dict(type='LoadImage'), source][: 1 if name == 'bare' else 2]
        yield name, dict(
            type='ReIDDataset', layout='folder', data_root=name, split='train', pipeline=steps
        )

sets = dict(members('one', 'two', 'bare'))
train_dataloader = dict(dataset=dict(type='JointReID', datasets=sets))
""")
    done = run_tool('joint.py', cwd=tmp_path)
    assert 'without a label source: bare' in done.stdout, done.stderr
    _, one, two = re.split('one: one_labels, |two: two_labels, ', done.stdout)
    assert done.returncode == 1  # of one set alone
    assert 'no label shows legs and feet' in one and '1 problem(s)' in one and 'complete' in two
    names = {path.name for path in (tmp_path / 'work_dirs/check_labels').glob('*.png')}
    assert names == {'labels_one.png', 'labels_two.png'}


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['drop_demo.py', '--images', '.'], '--images is for a folder or file'),
        (['drop_demo', '--options', 'num_parts=5'], '--options is for a folder or file'),
        (['.', '--cfg-options', 'a=1'], '--cfg-options is for a config'),
        (['.', '--layout', 'folder'], '--layout needs --images'),
        (['nowhere'], 'nowhere does not exist'),
        (['configs/nowhere.py'], 'neither a config file nor a config of mmdrop'),
        (['configs/drop_demo.py'], 'has no label source'),
    ],
)
def test_wrong_arguments_of_the_tool_are_named(tmp_path, args, message):
    done = run_tool(*args, cwd=tmp_path)
    assert done.returncode and message in done.stderr and 'Traceback' not in done.stderr
