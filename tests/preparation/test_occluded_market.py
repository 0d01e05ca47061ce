"""Occluded-Market from Market-1501, MARS and its lists; and CUHK01."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from mmdrop.datasets.layouts import LAYOUTS, Counts
from mmdrop.preparation import check_dataset, find_images, prepare_dataset
from mmdrop.preparation.public_sets.occluded_market import read_lists

MARKET = (
    *('bounding_box_train/0010_c1s6_027271_05', 'bounding_box_train/0012_c1s1_000001_00'),
    *('query/0014_c1s1_001051_00', 'query/0014_c2s1_001051_00'),
    *('bounding_box_test/0000_c1s1_000151_01', 'bounding_box_test/0014_c3s1_000001_01'),
    'bounding_box_test/0015_c3s1_000001_01',
)
MARS = (
    *('bbox_train/0010/0010C2T0014F092', 'bbox_train/0010/0010C2T0014F093'),
    *('bbox_test/0015/0015C1T0004F011', 'bbox_test/0016/0016C1T0004F012'),
)
# The last frame is of person 15 by the list, and of person 16 by MARS.
LISTS = {
    'train_market': ('0010_c1s6_027271_05.jpg',),
    'train_mars': ('0010_c2s0014_092.jpg',),
    'query_market': ('0014_c1s1_001051_00.jpg',),
    'query_mars': ('0015_c1s0004_011.jpg', '0015_c1s0004_012.jpg*0016_c1s0004_012.jpg'),
    'test': tuple(f'{name.partition("/")[2]}.jpg' for name in MARKET[4:]),
}
# What is made of them: name, and where its pixels are from
BUILT = {
    'occluded_train/0010_c1s6_027271_05': MARKET[0],
    'occluded_train/0010_c2s0014_092': MARS[0],
    'occluded_query/0014_c1s1_001051_00': MARKET[2],
    'occluded_query/0015_c1s0004_011': MARS[2],
    'occluded_query/0015_c1s0004_012': MARS[3],
    **{name: name for name in MARKET[4:]},
}


def make(root, stems, suffix='.jpg'):
    """Images of which no two are alike."""
    for i, stem in enumerate(stems):
        path = root / f'{stem}{suffix}'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 4, 3), 20 * i, np.uint8)).save(path)
    return root


def contents(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob('*.jpg')}


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Arguments that build the set from small trees, whose counts are the known ones."""
    known = dict(train=Counts(2, 1, 2), query=Counts(3, 2, 1), gallery=Counts(3, 3, 2))
    row = dataclasses.replace(LAYOUTS['occluded_market'], known=known, shared=0)
    monkeypatch.setitem(LAYOUTS, 'occluded_market', row)
    for name, lines in LISTS.items():
        (tmp_path / 'lists').mkdir(exist_ok=True)
        (tmp_path / f'lists/{name}.list').write_text('\n'.join(lines) + '\n')
    return dict(
        source=make(tmp_path / 'Market', MARKET),
        lists=tmp_path / 'lists',
        mars=make(tmp_path / 'MARS', MARS),
    )


def build(root, **sources):
    return prepare_dataset('occluded_market', root, quiet=True, **sources)


def test_the_set_is_built_of_both_sources_under_corrected_names(sources, tmp_path):
    report = build(tmp_path / 'built', **sources)
    assert report.ok, report
    originals = contents(sources['source']) | contents(sources['mars'])
    expected = {f'{new}.jpg': originals[f'{old}.jpg'] for new, old in BUILT.items()}
    assert contents(tmp_path / 'built') == expected
    assert build(tmp_path / 'built', **sources).ok


def test_the_lists_check_a_set_name_by_name(sources, tmp_path):
    build(tmp_path / 'built', **sources)
    path = tmp_path / 'built/occluded_query/0015_c1s0004_012.jpg'
    path.rename(path.with_name('0015_c1s0004_013.jpg'))
    assert check_dataset('occluded_market', tmp_path / 'built', quiet=True).ok  # counts agree
    text = str(build(tmp_path / 'built', lists=sources['lists']))
    assert 'query: 1 images are missing\n    0015_c1s0004_012.jpg' in text
    assert 'query: 1 images are not in the list' in text


def test_a_source_without_a_listed_image_is_refused_before_anything_is_copied(sources, tmp_path):
    (sources['mars'] / 'bbox_test/0016/0016C1T0004F012.jpg').unlink()
    with pytest.raises(ValueError, match=r'lacks 1 of the listed images.*\n.*MARS/.*F012'):
        build(tmp_path / 'built', **sources)
    assert not (tmp_path / 'built').exists()


def test_both_sources_and_the_lists_are_needed(sources, tmp_path):
    for missing, expected in (
        ('lists', 'needs the folder of the published lists'),
        ('mars', 'needs Market-1501 as source and the folder of MARS'),
        ('source', 'needs Market-1501 as source and the folder of MARS'),
    ):
        with pytest.raises(ValueError, match=expected):
            build(tmp_path / 'built', **{k: v for k, v in sources.items() if k != missing})
    with pytest.raises(FileNotFoundError, match=r'bbox_train does not exist: unpack bbox'):
        build(tmp_path / 'built', **sources | dict(mars=tmp_path))
    with pytest.raises(ValueError, match='mars is for occluded_market, the data set is dukemtmc'):
        prepare_dataset('dukemtmc', tmp_path, mars=sources['mars'])


def test_lists_are_read_line_by_line(sources):
    lists = sources['lists']
    for name, line in (('test', '../x.jpg'), ('train_mars', '0010_c1s6_027271_05.jpg')):
        path = lists / f'{name}.list'
        before = path.read_text()
        path.write_text(f'{before}{line}\n')
        with pytest.raises(ValueError, match=rf'{name}\.list: .*is not a file name of M'):
            read_lists(lists)
        path.write_text(before)
    (lists / 'query_mars.list').write_text('0015_c1s0004_011.jpg\n' * 2)
    with pytest.raises(ValueError, match='occurs twice'):
        read_lists(lists)
    (lists / 'query_mars.list').unlink()
    with pytest.raises(FileNotFoundError, match=r'query_mars\.list does not exist: .*LiuDHS'):
        read_lists(lists)


@pytest.fixture
def cuhk01(tmp_path, monkeypatch):
    known = dict(train=Counts(8, 2, 2), query=Counts(4, 2, 1), gallery=Counts(4, 2, 1))
    row = dataclasses.replace(LAYOUTS['cuhk01'], known=known)
    monkeypatch.setitem(LAYOUTS, 'cuhk01', row)
    stems = [f'campus/{pid:04d}{number:03d}' for pid in (1, 2) for number in (1, 2, 3, 4)]
    return make(tmp_path / 'CUHK01', stems, '.png')


def test_the_one_folder_of_cuhk01_is_counted_by_camera_and_decoded_once(cuhk01):
    report = check_dataset('cuhk01', cuhk01, quiet=True)
    assert report.ok and report.lines[:4] == [
        'train         8 images     2 identities  2 cameras',
        'query         4 images     2 identities  1 cameras',
        'gallery       4 images     2 identities  1 cameras',
        'all 8 images can be decoded',
    ]
    assert len(find_images(cuhk01, 'cuhk01', test=True)) == 8  # each once, for one label


def test_a_lost_image_and_a_stray_one_of_cuhk01_are_told(cuhk01):
    (cuhk01 / 'campus/0002004.png').rename(cuhk01 / 'campus/0002005.png')
    text = '\n'.join(check_dataset('cuhk01', cuhk01, quiet=True).problems)
    assert 'gallery: 3 images instead of 4 (-1)' in text and '0002005.png' in text
    assert 'query:' not in text
