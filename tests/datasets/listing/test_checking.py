import logging
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from mmdrop.datasets import ReIDDataset
from mmdrop.datasets import reid_dataset as module
from mmdrop.datasets.listing.copies import group_copies

PATTERN = r'(?P<pid>\w+)_c(?P<camid>\d+)'
FILES = (
    *('train/1_c0_a', 'train/1_c1_a', 'train/2_c0_a', 'train/2_c1_a'),
    *('query/3_c0_a', 'query/4_c0_a', 'gallery/3_c1_a', 'gallery/4_c1_a', 'gallery/5_c1_a'),
)


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(path.name.encode() + path.parent.name.encode()))
    Image.fromarray(rng.integers(0, 256, (16, 8, 3), np.uint8)).save(path)


@pytest.fixture
def people(tmp_path):
    root = tmp_path / 'people'
    for name in FILES:
        write(root / f'{name}.png')
    return root


@pytest.fixture
def logged(monkeypatch):
    """Logged texts by level."""
    lines = {logging.INFO: [], logging.WARNING: []}
    monkeypatch.setattr(module, 'print_log', lambda text, *_, level=20: lines[level].append(text))
    return lines


def load(root, split='test', **options):
    options = options or dict(layout='folder', pattern=PATTERN)
    return ReIDDataset(data_root=root, split=split, **options)


@pytest.mark.parametrize('split', ['train', 'test'])
def test_a_sound_set_gives_no_warning(people, logged, split):
    load(people, split)
    assert not logged[logging.WARNING]


def warning(logged):
    """The only warning."""
    (text,) = logged[logging.WARNING]
    return text


def test_some_queries_without_a_match_are_counted(people, logged):
    (people / 'gallery/4_c1_a.png').unlink()
    write(people / 'query/5_c1_b.png')
    load(people)
    text = warning(logged)
    assert '2 of 3 queries have no match, such as' in text and '4_c0_a.png of identity 4' in text
    assert 'for 1 the gallery lacks the identity, for 1 it has only images of' in text


@pytest.mark.parametrize('cause', ['identities', 'cameras'])
def test_a_set_in_which_no_query_can_match_is_refused(people, cause):
    for path in [*(people / 'gallery').iterdir()]:
        new = '9_c1_a.png' if cause == 'identities' else path.name.replace('_c1', '_c0')
        path.rename(path.with_name(new))
    with pytest.raises(ValueError, match=r'no query can be matched: 2 of 2 .*camera'):
        load(people)


def test_queries_match_without_cameras(people):
    for subset in ('query', 'gallery'):
        for path in [*(people / subset).iterdir()]:
            path.rename(path.with_name(path.name.replace('_c1', '_c0')))
    assert len(load(people, layout='folder', pattern=r'(?P<pid>\d+)')) == 5


def test_a_validation_split_only_notes_queries_without_a_match(people, logged):
    for name in ('1_c1_b', '6_c0_a'):
        write(people / f'train/{name}.png')
    load(people, 'val')
    assert not logged[logging.WARNING]
    assert any('4 of 5 queries have no match' in line for line in logged[logging.INFO])


def test_one_content_as_query_and_gallery_is_counted_unless_its_camera_is_left_out(people, logged):
    shutil.copy(people / 'query/3_c0_a.png', people / 'gallery/3_c0_copy.png')
    load(people)
    assert not logged[logging.WARNING]
    assert any(
        '1 queries are in the gallery too, but from their' in x for x in logged[logging.INFO]
    )
    shutil.copy(people / 'query/3_c0_a.png', people / 'gallery/3_c2_copy.png')
    load(people)
    assert '1 queries find themselves in the gallery' in warning(logged)


def test_copies_in_a_subset_and_across_identities_are_counted(people, logged):
    shutil.copy(people / 'train/1_c0_a.png', people / 'train/1_c0_b.png')
    shutil.copy(people / 'train/1_c0_a.png', people / 'train/2_c0_b.png')
    load(people, 'train')
    text = warning(logged)
    assert '1 images are listed twice' in text and '1_c0_b.png' in text
    assert '1 files have the content of a file of another identity' in text and '2_c0_b' in text


@pytest.mark.parametrize('link', [os.symlink, os.link])
def test_one_file_under_two_identities_is_refused(people, link):
    link(people / 'train/1_c0_a.png', people / 'train/2_c0_link.png')
    with pytest.raises(ValueError, match=r'one file has two identities: .*identity 1 and .*2_c0_l'):
        load(people, 'train')


def test_a_link_from_one_identity_to_another_is_refused(tmp_path):
    for pid in ('anna', 'bob'):
        write(tmp_path / 'train' / pid / f'{pid}.png')
    (tmp_path / 'train/carl').symlink_to('anna')
    with pytest.raises(ValueError, match=r'identity anna and .* of identity carl'):
        load(tmp_path, 'train', layout='folder')


def test_training_images_and_identities_in_the_test_are_counted(people, logged):
    shutil.copy(people / 'train/1_c0_a.png', people / 'gallery/1_c0_x.png')
    load(people)
    text = warning(logged)
    assert '1 test images are training images too' in text
    assert '1 of 4 identities are both in training and in test' in text
    logged[logging.WARNING].clear()
    load(people, 'train')
    assert '1 of 2 identities are both in training and in test' in warning(logged)


def test_lone_training_images_and_missing_cameras_are_counted(people, logged):
    write(people / 'train/9.png')
    load(people, 'train', layout='folder', pattern=r'(?P<pid>\d+)(_c(?P<camid>\d+))?')
    text = warning(logged)
    assert '1 of 3 identities have one training image' in text
    assert '1 of 5 images have no camera' in text


def csv(root, rows):
    (root / 'list.csv').write_text('\n'.join(['path,pid,subset', *rows]))
    return dict(layout='csv', ann_file='list.csv')


ROWS = ('train/1_c0_a.png,1,train', 'train/2_c0_a.png,2,train')


def test_a_file_that_does_not_exist_is_named_with_its_line(people):
    with pytest.raises(FileNotFoundError, match=r'list.csv, line 4 \(.*gone.png\) does not exist'):
        load(people, 'train', **csv(people, (*ROWS, 'gone.png,3,train')))
    with pytest.raises(FileNotFoundError, match='as 2 of 4 images'):
        load(people, 'train', **csv(people, (*ROWS, 'gone.png,3,train', 'too.png,3,train')))


def test_a_test_file_that_does_not_exist_is_told_before_training(people, logged):
    load(people, 'train', **csv(people, (*ROWS, *ROWS, 'gone.png,3,query')))
    assert '1 of 1 query images do not exist, such as' in warning(logged)
    assert 'line 6' in warning(logged)


@pytest.mark.parametrize('other', ['1', 'one'])
def test_a_training_file_that_is_somebody_else_in_the_test_is_refused(people, other):
    rows = [f'{name}.png,{name.split("/")[1][0]},{name.split("/")[0]}' for name in FILES]
    rows.append(f'train/1_c0_a.png,{other},query')
    (people / 'list.csv').write_text('path,pid,subset\n' + '\n'.join(rows))
    options = dict(layout='csv', ann_file='list.csv')
    if other == '1':  # the same person: only a test image that was trained on
        load(people, **options)
        return
    with pytest.raises(ValueError, match=r'two identities: .*line 11 .* one and .*line 2 .* 1$'):
        load(people, **options)


def test_a_text_among_numbers_is_told_of(people, logged):
    for place in ('query/nan_c0_a', 'gallery/nan_c1_a'):
        write(people / f'{place}.png')
    load(people)
    assert '1 of 4 identities are no numbers, such as' in warning(logged)
    assert 'query/nan_c0_a.png of identity nan, so all are taken as texts' in warning(logged)


def test_one_row_under_two_identities_is_refused_with_both_lines(people):
    with pytest.raises(ValueError, match=r'line 2 .*identity 1 and .*line 4 .*identity 2'):
        load(people, 'train', **csv(people, (*ROWS, 'train/1_c0_a.png,2,train')))


def test_a_folder_and_an_empty_file_are_no_images(people):
    with pytest.raises(ValueError, match=r'line 4 .* is not a file'):
        load(people, 'train', **csv(people, (*ROWS, 'train,3,train')))
    (people / 'train/3_c0_a.png').touch()
    with pytest.raises(ValueError, match=r'3_c0_a.png is an empty file'):
        load(people, 'train')


def test_a_link_to_nothing_is_refused(people):
    (people / 'train/1_c0_b.png').symlink_to('gone.png')
    with pytest.raises(FileNotFoundError, match=r'1_c0_b.png is a link to gone.png'):
        load(people, 'train')


def test_junk_among_texts_is_no_person_and_no_part_of_the_checks(people, logged):
    for subset in ('train', 'query', 'gallery'):
        write(people / subset / '-1_c0_a.png')
        write(people / subset / 'anna_c0_a.png')
    pattern = r'(?P<pid>-1|\w+?)_c(?P<camid>\d+)'
    dataset = load(people, 'train', layout='folder', pattern=pattern)
    assert dataset.metainfo['num_identities'] == 3
    assert '1 of 3 identities are both in training' in warning(logged)


def test_groups_of_copies_are_those_of_comparing_all_content(tmp_path):
    rng, paths = np.random.default_rng(0), []
    for number in range(60):
        content = bytearray(5000)  # equal in size, and mostly in the middle
        content[rng.integers(0, 3) * 2499] = rng.integers(0, 3)
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(content[: rng.integers(4998, 5001)])
    contents = [path.read_bytes() for path in paths]
    expected = {
        tuple(i for i, other in enumerate(contents) if other == content) for content in contents
    }
    found = group_copies([str(path) for path in paths], [path.stat() for path in paths])
    assert {tuple(group) for group in found} == {group for group in expected if len(group) > 1}
    assert len(found) > 5
