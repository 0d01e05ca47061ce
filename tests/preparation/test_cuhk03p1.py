"""CUHK03-P1-Occluded: the files that come with the package, and building it from images."""

import csv
import sys
import zipfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdrop.datasets import LoadKeypointParsing
from mmdrop.datasets.layouts import Counts
from mmdrop.preparation import check_dataset, prepare_dataset
from mmdrop.preparation.public_sets.cuhk03p1 import FILES, FOLDER, KNOWN, benchmark, mat_file
from mmdrop.registry import DATASETS

LIST, ANNOTATIONS, KEYPOINTS = FILES
CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/cuhk03p1_occluded.py'
# Image, height, width and row of a small set of the same form: two people train, one tests.
SMALL = {
    'detected/train/0000_00.jpg': (20, 8, '1,0,train'),
    'detected/train/0000_05.jpg': (18, 8, '1,1,train'),
    'detected/train/0001_00.jpg': (16, 6, '2,0,train'),
    'detected/train/0001_05.jpg': (20, 8, '2,1,train'),
    'detected/train/0002_00.jpg': (22, 9, '3,0,gallery'),
    'detected/val/0000_00.jpg': (24, 8, '1001,0,gallery'),
    'detected/val/0000_05.jpg': (14, 7, '1001,1,query'),
}


def read(name):
    with (FOLDER / name).open() as file:
        return list(csv.DictReader(file))


def test_the_list_has_the_documented_counts():
    rows = read(LIST)
    for subset, known in KNOWN.items():
        own = [row for row in rows if row['subset'] == subset]
        numbers = len(own), len({row['pid'] for row in own}), len({row['camid'] for row in own})
        assert numbers == known
    assert all(int(row['camid']) == int(row['path'][-6:-4]) // 5 for row in rows)


def test_a_list_made_anew_from_the_annotations_is_the_list():
    rows = {row['path']: row for row in read(LIST)}
    occluded, kinds = {}, ('object', 'person')
    for row in read(ANNOTATIONS):
        if row['first'] in kinds and row['second'] in kinds:
            occluded[row['path']] = (int(row['first_share']) + int(row['second_share'])) / 2
    queries = {path for path, share in occluded.items() if share >= 17.5}
    assert queries == {path for path, row in rows.items() if row['subset'] == 'query'}
    people = {rows[path]['pid'] for path in queries}
    others = {row['pid'] for row in rows.values() if row['subset'] == 'gallery'} - people
    assert len(others) == 100
    for path, row in rows.items():
        subset = 'gallery' if row['pid'] in people | others else 'train'
        assert row['subset'] == ('query' if path in queries else subset)


def test_both_annotators_agree_as_documented():
    pairs = [
        [row[k] in ('object', 'person') for k in ('first', 'second')] for row in read(ANNOTATIONS)
    ]
    first, second = np.array(pairs).T
    agreed = (first == second).mean()
    chance = first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean())
    assert (len(pairs), round(agreed, 3)) == (1263, 0.971)
    assert round((agreed - chance) / (1 - chance), 3) == 0.936  # Cohen's kappa


def test_every_query_has_an_image_of_the_other_camera():
    rows = read(LIST)
    gallery = {(row['pid'], row['camid']) for row in rows if row['subset'] == 'gallery'}
    queries = [row for row in rows if row['subset'] == 'query']
    assert all((row['pid'], str(1 - int(row['camid']))) in gallery for row in queries)


def test_every_image_has_key_points():
    source = LoadKeypointParsing(FOLDER / KEYPOINTS, min_score=0.3)
    assert all(source.has_label(row['path'].removesuffix('.jpg')) for row in read(LIST))


def test_the_config_reads_what_is_built(tmp_path):
    init_default_scope('mmdrop')
    for row in read(LIST):
        (tmp_path / row['path']).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / row['path']).write_text(row['path'])  # no two files are equal
    (tmp_path / LIST).write_bytes((FOLDER / LIST).read_bytes())
    cfg = Config.fromfile(CONFIG)
    train, test = (
        DATASETS.build(dict(loader.dataset, data_root=str(tmp_path)))
        for loader in (cfg.train_dataloader, cfg.test_dataloader)
    )
    assert (len(train), train.metainfo['num_identities']) == KNOWN['train'][:2]
    queries = Counter(test.get_data_info(i)['is_query'] for i in range(len(test)))
    assert queries == {True: KNOWN['query'].images, False: KNOWN['gallery'].images}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with ``detected/``, and a package whose list names just these images."""
    package, source = tmp_path / 'package', tmp_path / 'source'
    package.mkdir()
    lines = [f'{name},{row}' for name, (_, _, row) in SMALL.items()]
    (package / LIST).write_text('\n'.join(['path,pid,camid,subset', *lines]))
    (package / ANNOTATIONS).write_text('path,first\n')
    (package / KEYPOINTS).write_bytes(b'x')
    for i, (name, (height, width, _)) in enumerate(SMALL.items()):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(source / name), np.full((height, width, 3), 30 * i, np.uint8))
    known = dict(train=Counts(4, 2, 2), query=Counts(1, 1, 1), gallery=Counts(2, 2, 1))
    sizes = benchmark.digest((name, size) for name, (*size, _) in SMALL.items())
    monkeypatch.setattr(benchmark, 'FOLDER', package)
    monkeypatch.setattr(benchmark, 'KNOWN', known)
    monkeypatch.setattr(benchmark, 'SIZES', sizes)
    return source


def prepare(root, source=None):
    return prepare_dataset('cuhk03p1_occluded', root, source, processes=1, quiet=True)


def files(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob('*') if p.is_file()}


def test_it_is_built_from_a_folder_with_the_files_beside_it(small, tmp_path):
    (small / 'labeled').mkdir()
    (small / 'labeled/other.jpg').write_bytes(b'x')
    report = prepare(tmp_path / 'built', small)
    assert report.ok and report.lines == [
        'train         4 images     2 identities  2 cameras',
        'query         1 images     1 identities  1 cameras',
        'gallery       2 images     2 identities  1 cameras',
        'list, annotations and key points are those of this version of mmdrop',
        'all 7 images can be decoded',
    ]
    built = files(tmp_path / 'built')
    assert set(built) == {*SMALL, *FILES}
    assert all(built[name] == (small / name).read_bytes() for name in SMALL)
    assert prepare(tmp_path / 'built').ok and files(tmp_path / 'built') == built


def test_it_is_built_from_an_archive(small, tmp_path):
    with zipfile.ZipFile(tmp_path / 'main.zip', 'w') as archive:
        for name in SMALL:
            archive.write(small / name, f'CUHK03_dataset-master/{name}')
    assert prepare(tmp_path / 'built', tmp_path / 'main.zip').ok


def test_images_in_their_place_need_no_source(small):
    assert 'does not exist' in str(check_dataset('cuhk03p1_occluded', small, quiet=True))
    assert prepare(small).ok


def test_a_source_without_a_listed_image_is_refused_before_anything_is_copied(small, tmp_path):
    (small / 'detected/val/0000_05.jpg').unlink()
    with pytest.raises(ValueError, match=r'lacks 1 of 7 images.*must hold detected/train/'):
        prepare(tmp_path / 'built', small)
    assert not (tmp_path / 'built').exists()


def test_missing_damaged_and_resized_images_and_other_files_are_told(small, tmp_path):
    root = tmp_path / 'built'
    prepare(root, small)
    path = root / 'detected/val/0000_05.jpg'
    content = path.read_bytes()
    cv2.imwrite(str(path), np.zeros((28, 14, 3), np.uint8))
    assert 'images have other sizes than the crops' in str(prepare(root))
    path.write_bytes(content[:40])
    assert '1 of 7 images cannot be read' in str(prepare(root))
    path.unlink()
    (root / LIST).write_text('path\n')
    text = str(prepare(root))
    assert '1 of 7 images are missing' in text and 'query         0 images' in text
    assert f'{LIST} differs from the one of this version' in text
    assert (root / LIST).read_text() == 'path\n'


def test_only_its_own_arguments_are_taken(tmp_path):
    with pytest.raises(ValueError, match='lists are for occluded_duke and occluded_market'):
        prepare_dataset('cuhk03p1_occluded', tmp_path, lists=tmp_path)
    with pytest.raises(FileNotFoundError, match=r'none\.zip does not exist'):
        prepare(tmp_path, tmp_path / 'none.zip')


@pytest.fixture
def mat(small, tmp_path, monkeypatch):
    """``cuhk-03.mat`` with these images, as MATLAB stores it: axes in reverse order."""
    h5py = pytest.importorskip('h5py')
    monkeypatch.setattr(mat_file, 'NUM_PEOPLE', 4)
    monkeypatch.setattr(mat_file, 'NUM_VAL', 1)
    people = {f'detected/train/{n:04d}': n for n in range(3)} | {'detected/val/0000': 3}
    with h5py.File(tmp_path / 'cuhk-03.mat', 'w') as file:
        cells = file.create_dataset('#refs#/pair', (10, 4), h5py.ref_dtype)
        for image in range(10):
            for person in range(4):
                empty = file.create_dataset(f'#refs#/{image}_{person}', data=np.zeros(2, np.uint64))
                cells[image, person] = empty.ref
        for i, (name, (height, width, _)) in enumerate(SMALL.items()):
            pixels = np.full((3, width, height), 30 * i, np.uint8)
            pixels[0] = 200  # red
            data = file.create_dataset(f'#refs#/crop{i}', data=pixels)
            cells[int(name[-6:-4]), people[name[:-7]]] = data.ref
        pairs = file.create_dataset('detected', (1, 5), h5py.ref_dtype)
        pairs[0, 0] = cells.ref
    return tmp_path / 'cuhk-03.mat'


def test_crops_of_the_mat_file_get_their_names_sizes_and_colours(mat, tmp_path):
    assert prepare(tmp_path / 'built', mat).ok
    for i, (name, (height, width, _)) in enumerate(SMALL.items()):
        image = cv2.imread(str(tmp_path / 'built' / name))
        assert image.shape == (height, width, 3)
        expected = np.broadcast_to([30 * i, 30 * i, 200], image.shape)  # blue, green, red
        np.testing.assert_allclose(image, expected, atol=3)  # JPEG


def test_a_mat_file_with_other_crops_is_refused(mat, tmp_path, monkeypatch):
    monkeypatch.setattr(
        benchmark, 'SIZES', benchmark.digest([('detected/train/0000_00.jpg', (9, 9))])
    )
    with pytest.raises(ValueError, match='are not those that the benchmark was made of'):
        prepare(tmp_path / 'built', mat)
    monkeypatch.setattr(mat_file, 'NUM_PEOPLE', 5)
    with pytest.raises(ValueError, match=r'expected 5 × 10 cells .* found 4 × 10'):
        prepare(tmp_path / 'built', mat)
    mat.write_bytes(b'MATLAB 5.0')
    with pytest.raises(ValueError, match=r'is no cuhk-03\.mat that can be read'):
        prepare(tmp_path / 'built', mat)
    assert not (tmp_path / 'built').exists()


def test_without_h5py_the_message_says_how_to_install_it(small, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'h5py', None)
    (tmp_path / 'cuhk-03.mat').write_bytes(b'x')
    with pytest.raises(ModuleNotFoundError, match=r"needs h5py: pip install 'mmdrop\[cuhk03\]'"):
        prepare(tmp_path / 'built', tmp_path / 'cuhk-03.mat')
