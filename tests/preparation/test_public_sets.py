import dataclasses
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from mmdrop.datasets import LoadParsingMap
from mmdrop.datasets.layouts import LAYOUTS, Counts
from mmdrop.datasets.listing import list_layout
from mmdrop.engine import merge_options, read_config
from mmdrop.preparation import check_dataset, prepare_dataset
from mmdrop.preparation.public_sets.occluded_duke import plan_copies, read_lists
from mmdrop.preparation.public_sets.sources import copy_files
from mmdrop.registry import TRANSFORMS

ROOT = Path(__file__).parents[2]
MARKET = {
    'bounding_box_train': ('0007_c2s1_000001_01', '0002_c1s1_000451_03', '0007_c6s2_000003_01'),
    'query': ('0003_c1s1_000001_00',),
    'bounding_box_test': ('-1_c1s1_000001_01', '0000_c1s1_000001_01', '0003_c4s1_000001_01'),
}
DUKE = {
    'bounding_box_train': ('0001_c2_f0046182', '0005_c1_f0000001', '0001_c3_f0000002'),
    'query': ('0019_c1_f0051230',),
    'bounding_box_test': ('0019_c2_f0000004', '0020_c1_f0000005', '0002_c1_f0000006'),
}
# 0020 becomes a query that stays in the gallery too, as most of the published ones do.
LISTS = {
    'train': ('0001_c2_f0046182', '0001_c3_f0000002'),
    'query': ('0019_c1_f0051230', '0020_c1_f0000005'),
    'gallery': ('0019_c2_f0000004', '0020_c1_f0000005', '0002_c1_f0000006'),
}


def write_image(path, grey=90):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 4, 3), grey, np.uint8)).save(path)


def make(root, tree):
    for folder, stems in tree.items():
        for i, stem in enumerate(stems):
            write_image(root / folder / f'{stem}.jpg', grey=10 * i)
    return root


def hashes(root):
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob('*')
        if p.is_file()
    }


@pytest.fixture(autouse=True)
def small_sets(monkeypatch):
    """The known counts of the small trees above."""
    known = dict(
        market1501=dict(train=Counts(3, 2, 3), query=Counts(1, 1, 1), gallery=Counts(2, 2, 2)),
        dukemtmc=dict(train=Counts(3, 2, 3), query=Counts(1, 1, 1), gallery=Counts(3, 3, 2)),
        occluded_duke=dict(train=Counts(2, 1, 2), query=Counts(2, 2, 1), gallery=Counts(3, 3, 2)),
    )
    for name, counts in known.items():
        monkeypatch.setitem(LAYOUTS, name, dataclasses.replace(LAYOUTS[name], known=counts))


@pytest.fixture
def market(tmp_path):
    return make(tmp_path / 'market', MARKET)


@pytest.fixture
def duke(tmp_path):
    return make(tmp_path / 'DukeMTMC-reID', DUKE)


@pytest.fixture
def lists(tmp_path):
    folder = tmp_path / 'lists'
    folder.mkdir()
    for subset, stems in LISTS.items():
        (folder / f'{subset}.list').write_text(''.join(f'{stem}.jpg\n' for stem in stems))
    return folder


def check(name, root, **kwargs):
    return check_dataset(name, root, quiet=True, **kwargs)


def test_a_complete_set_is_counted_decoded_and_left_alone(market):
    before = hashes(market)
    report = check('market1501', market)
    assert report.ok and str(report).splitlines() == [
        f'market1501 in {market}',
        '  train         3 images     2 identities  3 cameras',
        '  query         1 images     1 identities  1 cameras',
        '  gallery       2 images     2 identities  2 cameras, 1 junk images (pid -1) left out',
        '  all 7 images can be decoded',
        '  0 of 3 training images have a parsing label, masks/pifpaf_maskrcnn_filtering/….npy',
        'complete',
        f'next: mim run mmdrop make_parsing_labels {market} '
        f'{market}/masks/pifpaf_maskrcnn_filtering --layout market1501 --source … makes labels; '
        'see docs/labels.md',
    ]
    assert hashes(market) == before


def problems(report):
    assert not report.ok and 'mim train' not in str(report)
    return '\n'.join(report.problems)


def test_a_missing_image_is_a_difference_of_one(market):
    (market / 'bounding_box_train/0007_c6s2_000003_01.jpg').unlink()
    text = problems(check('market1501', market))
    assert text.startswith('train: 2 images instead of 3 (-1), 2 cameras instead of 3 (-1)')
    assert 'images are missing: unpack the archive again' in text


def test_an_extra_image_is_a_difference_too(market):
    write_image(market / 'query/0003_c2s1_000001_00.jpg')
    assert 'query: 2 images instead of 1 (+1)' in problems(check('market1501', market))


def test_a_truncated_image_and_one_of_no_content_are_named(market):
    path = market / 'bounding_box_test/0000_c1s1_000001_01.jpg'
    path.write_bytes(path.read_bytes()[:-40])
    (market / 'query/0003_c1s1_000001_00.jpg').write_bytes(b'')
    text = problems(check('market1501', market))
    assert '2 of 7 images cannot be read' in text and str(path) in text
    assert 'is not an image' in text and 'unpack them again' in text
    assert check('market1501', market, decode=False).ok


def test_a_stray_name_is_named(market):
    write_image(market / 'query/copy of 3.jpg')
    text = problems(check('market1501', market))
    assert '1 images in query are named unlike' in text and 'copy of 3.jpg' in text


def test_a_missing_folder_an_empty_one_and_a_wrong_root_are_told_apart(tmp_path, market):
    for path in (market / 'query').iterdir():
        path.unlink()
    assert f'{market}/query holds no image' in problems(check('market1501', market))
    (market / 'query').rmdir()
    text = problems(check('market1501', market))
    assert f'{market}/query does not exist' in text and 'unpack the archive so that' in text
    text = problems(check('market1501', tmp_path))
    assert f'it is in {market}: pass that folder' in text
    text = problems(check('market1501', tmp_path / 'nowhere'))
    assert text.count(f'{tmp_path}/nowhere does not exist') == 1


def test_a_file_that_the_system_does_not_let_read_is_named(market, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(13, 'Permission denied', path)

    monkeypatch.setattr('mmdrop.datasets.transforms.fileio.get', refuse)
    assert 'Permission denied' in problems(check('market1501', market))


def test_a_folder_that_cannot_be_listed_is_named(market, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith('query'):
            raise PermissionError(13, 'Permission denied', str(path))
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    text = problems(check('market1501', market))
    assert 'query cannot be listed' in text and 'check its permissions' in text
    with pytest.raises(PermissionError, match='Permission denied'):
        list_layout(LAYOUTS['market1501'], market, 'query')


def test_identities_of_both_sides_and_queries_without_a_match_are_noticed(market):
    write_image(market / 'bounding_box_train/0003_c1s1_000009_01.jpg')
    (market / 'bounding_box_test/0003_c4s1_000001_01.jpg').unlink()
    text = problems(check('market1501', market))
    assert '1 identities are both in training and in test, such as 0003' in text
    assert '1 identities of queries have no gallery image' in text


def test_other_files_are_counted_and_labels_are_found(market):
    (market / 'query/notes.txt').write_bytes(b'x')
    labels = market / 'masks/pifpaf_maskrcnn_filtering/bounding_box_train'
    labels.mkdir(parents=True)
    for stem in MARKET['bounding_box_train']:
        (labels / f'{stem}.npy').write_bytes(b'x')
    report = check('market1501', market)
    assert 'query: 1 other files, not read: notes.txt …' in report.lines
    assert any(line.startswith('3 of 3 training images') for line in report.lines)
    assert report.advice == ['mim train mmdrop configs/drop_hrnet32_market1501.py']


def test_labels_that_were_made_here_are_found_and_named_in_the_command(market):
    labels = market / 'masks/pifpaf_maskrcnn_filtering/bounding_box_train'
    labels.mkdir(parents=True)
    for stem in MARKET['bounding_box_train']:
        (labels / f'{stem}.png').write_bytes(b'x')
    report = check('market1501', market)
    assert report.lines[-1].startswith('3 of 3') and report.lines[-1].endswith('….png')
    (advice,) = report.advice
    assert advice.startswith('mim train mmdrop configs/drop_hrnet32_market1501.py --cfg-options')
    options = dict(word.split('=') for word in advice.split()[5:])
    cfg = read_config('drop_hrnet32_market1501')
    merge_options(cfg, options)
    init_default_scope('mmdrop')
    source = TRANSFORMS.build(cfg.train_dataloader.dataset.pipeline[1])
    assert isinstance(source, LoadParsingMap)
    assert source.mapping == 'limbs' and source.root == str(labels.parent)


def test_labels_of_occluded_duke_have_the_published_suffix(duke, lists, tmp_path):
    root = tmp_path / 'Occluded_Duke'
    labels = root / 'masks/pifpaf_maskrcnn_filtering/bounding_box_train'
    labels.mkdir(parents=True)
    for stem in LISTS['train']:
        (labels / f'{stem}.jpg.confidence_fields.npy').write_bytes(b'x')
    report = prepare_dataset('occluded_duke', root, duke, lists, quiet=True)
    assert report.lines[-1].startswith('2 of 2 training images have a parsing label')
    assert report.advice == ['mim train mmdrop configs/drop_hrnet32_occduke.py']


def test_a_copy_beside_the_original_is_no_image_of_the_set(market):
    path = market / 'bounding_box_train/0007_c6s2_000003_01.jpg'
    path.rename(path.with_name('0007_c6s2_000003_01 (1).jpg'))
    text = problems(check('market1501', market))
    assert '1 images in bounding_box_train are named unlike' in text and '(1).jpg' in text


def test_a_folder_that_is_named_like_an_image_is_none(market):
    (market / 'query/0003_c1s1_000001_00.jpg').unlink()
    (market / 'query/0003_c1s1_000001_00.jpg').mkdir()
    assert f'{market}/query holds no image' in problems(check('market1501', market))
    images = list_layout(LAYOUTS['market1501'], market, 'query')
    assert images == []


def test_counts_of_p_duke_are_compared_without_a_verdict(tmp_path):
    for split in ('train', 'test'):
        for folder in ('occluded_body_images', 'whole_body_images'):
            pid = '0001' if split == 'train' else '0002'
            write_image(tmp_path / split / folder / pid / f'{pid}_1.jpg')
    report = check('p_dukemtmc', tmp_path)
    assert report.ok
    assert any('2 images instead of 12927' in x and 'not certain' in x for x in report.lines)


def test_identity_folders_and_their_cameras_are_known(tmp_path):
    for folder in ('occluded_body_images', 'whole_body_images'):
        write_image(tmp_path / folder / '001' / '001_01.tif')
    report = check('occluded_reid', tmp_path)
    assert 'query         1 images     1 identities  1 cameras' in report.lines
    assert 'query: 1 images instead of 1000 (-999)' in problems(report)


def test_occluded_duke_is_built_from_the_lists(duke, lists, tmp_path):
    root, before = tmp_path / 'Occluded_Duke', hashes(duke)
    report = prepare_dataset('occluded_duke', root, duke, lists, quiet=True)
    assert report.ok, report
    names = {'train': 'bounding_box_train', 'query': 'query', 'gallery': 'bounding_box_test'}
    expected = {f'{names[s]}/{stem}.jpg' for s, stems in LISTS.items() for stem in stems}
    copied = hashes(root)
    assert set(copied) == expected and hashes(duke) == before
    assert copied['query/0020_c1_f0000005.jpg'] == before['bounding_box_test/0020_c1_f0000005.jpg']
    again = prepare_dataset('occluded_duke', root, duke, lists, quiet=True)
    assert again.ok and hashes(root) == copied


def test_occluded_duke_is_built_from_the_archive_as_well(duke, lists, tmp_path):
    with zipfile.ZipFile(tmp_path / 'DukeMTMC-reID.zip', 'w') as archive:
        for name in hashes(duke):
            archive.write(duke / name, f'DukeMTMC-reID/{name}')
    root = tmp_path / 'built'
    source = tmp_path / 'DukeMTMC-reID.zip'
    assert prepare_dataset('occluded_duke', root, source, lists, quiet=True).ok
    assert prepare_dataset('dukemtmc', tmp_path / 'duke', source, quiet=True).ok
    assert hashes(tmp_path / 'duke') == hashes(duke)


def test_nothing_that_exists_is_overwritten(duke, lists, tmp_path):
    root = tmp_path / 'Occluded_Duke'
    write_image(root / 'query/0019_c1_f0051230.jpg', grey=222)
    write_image(root / 'query/0002_c1_f0000006.jpg')
    before = hashes(root)
    report = prepare_dataset('occluded_duke', root, duke, lists, quiet=True)
    text = problems(report)
    assert '1 files of' in text and 'were left as they are' in text
    assert 'query: 1 images are not in the list' in text and '0002_c1_f0000006.jpg' in text
    after = hashes(root)
    assert all(after[name] == digest for name, digest in before.items())


def test_a_killed_copy_goes_on_and_leaves_no_half_file(duke, lists, tmp_path, monkeypatch):
    root, read, calls = tmp_path / 'Occluded_Duke', Path.read_bytes, []

    def die(self):
        calls.append(self)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return read(self)

    monkeypatch.setattr(Path, 'read_bytes', die)
    with pytest.raises(KeyboardInterrupt):
        prepare_dataset('occluded_duke', root, duke, lists, quiet=True)
    monkeypatch.setattr(Path, 'read_bytes', read)
    assert len(hashes(root)) == 2
    assert prepare_dataset('occluded_duke', root, duke, lists, quiet=True).ok


def test_an_incomplete_source_is_refused_before_anything_is_copied(duke, lists, tmp_path):
    (duke / 'bounding_box_test/0020_c1_f0000005.jpg').unlink()
    with pytest.raises(ValueError, match=r'lacks 2 of the listed images.*\n.*0020_c1') as error:
        prepare_dataset('occluded_duke', tmp_path / 'out', duke, lists, quiet=True)
    assert 'the whole of DukeMTMC-reID?' in str(error.value) and not (tmp_path / 'out').exists()


def test_lists_are_checked(lists, duke, tmp_path):
    (lists / 'query.list').write_text('0019_c1_f0051230.jpg\n../../etc/passwd\n')
    with pytest.raises(ValueError, match=r'passwd.*is not a file name of DukeMTMC'):
        read_lists(lists)
    (lists / 'query.list').write_text('0019_c1_f0051230.jpg\n0019_c1_f0051230.jpg')
    with pytest.raises(ValueError, match='occurs twice'):
        read_lists(lists)
    (lists / 'query.list').unlink()
    with pytest.raises(FileNotFoundError, match=r'query\.list does not exist: .*lightas'):
        read_lists(lists)
    with pytest.raises(ValueError, match='needs the folder of the published lists'):
        prepare_dataset('occluded_duke', tmp_path / 'out', duke)


def test_a_name_is_taken_from_its_own_folder_first():
    files = {'query/a', 'bounding_box_test/a', 'bounding_box_test/b'}
    names = dict(train=[], query=['a', 'b', 'c'], gallery=['a'])
    copies, missing = plan_copies(names, files.__contains__)
    assert copies == [
        ('query/a', 'query/a'),
        ('bounding_box_test/b', 'query/b'),
        ('bounding_box_test/a', 'bounding_box_test/a'),
    ]
    assert missing == ['query/c']


def make_zip(path, names):
    with zipfile.ZipFile(path, 'w') as archive:
        for name in names:
            archive.writestr(name, b'x')
    return path


def test_a_wrong_archive_is_refused(tmp_path, duke):
    other = make_zip(tmp_path / 'other.zip', ['faces/1.jpg'])
    with pytest.raises(ValueError, match=r'other\.zip has no folder bounding_box_train/'):
        prepare_dataset('market1501', tmp_path / 'out', other)
    (tmp_path / 'cut.zip').write_bytes(other.read_bytes()[:30])
    with pytest.raises(ValueError, match=r'cut\.zip is not a zip file'):
        prepare_dataset('market1501', tmp_path / 'out', tmp_path / 'cut.zip')
    evil = make_zip(tmp_path / 'evil.zip', ['m/bounding_box_train/a.jpg', 'm/../../evil.jpg'])
    with pytest.raises(ValueError, match=r'evil\.jpg.*leads out of'):
        prepare_dataset('market1501', tmp_path / 'out', evil, quiet=True)
    with pytest.raises(FileNotFoundError, match=r'none\.zip does not exist'):
        prepare_dataset('market1501', tmp_path / 'out', tmp_path / 'none.zip')
    with pytest.raises(ValueError, match='is a folder already'):
        prepare_dataset('dukemtmc', tmp_path / 'out', duke)
    with pytest.raises(ValueError, match='lists are for occluded_duke'):
        prepare_dataset('market1501', tmp_path / 'out', lists=tmp_path)
    with pytest.raises(ValueError, match='the data set must be one of market1501'):
        prepare_dataset('market', tmp_path)


def test_a_damaged_archive_is_named_with_the_file(tmp_path):
    path = tmp_path / 'm.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('m/bounding_box_train/0002_c1s1_000451_03.jpg', b'abcdefgh' * 9)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'abcdefgh' * 9, b'abcdefgX' * 9))
    with pytest.raises(ValueError, match=r'm\.zip: .*451_03\.jpg cannot be unpacked \(Bad CRC'):
        prepare_dataset('market1501', tmp_path / 'out', path, quiet=True)
    assert not [p for p in (tmp_path / 'out').rglob('*') if p.is_file()]


def test_what_a_mac_adds_to_an_archive_is_left_out(tmp_path):
    stem = 'Market/bounding_box_train/0002_c1s1_000451_03.jpg'
    path = make_zip(tmp_path / 'mac.zip', [f'__MACOSX/{stem}', stem])
    prepare_dataset('market1501', tmp_path / 'out', path, decode=False, quiet=True)
    (found,) = [p for p in (tmp_path / 'out').rglob('*') if p.is_file()]
    assert found == tmp_path / 'out/bounding_box_train/0002_c1s1_000451_03.jpg'


def test_an_archive_with_backslashes_is_unpacked_without_what_is_hidden(tmp_path):
    stem = 'Market\\bounding_box_train\\0002_c1s1_000451_03.jpg'
    hidden = ('._a.jpg', 'Thumbs.db', '__MACOSX\\a.jpg')
    others = [f'Market\\bounding_box_train\\{name}' for name in hidden]
    path = make_zip(tmp_path / 'w.zip', ['Market\\', *others, stem, 'Market\\query\\'])
    prepare_dataset('market1501', tmp_path / 'out', path, decode=False, quiet=True)
    (found,) = [p for p in (tmp_path / 'out').rglob('*') if p.is_file()]
    assert found == tmp_path / 'out/bounding_box_train/0002_c1s1_000451_03.jpg'


@pytest.mark.parametrize('name', ['..\\..\\evil.jpg', 'x\\..\\..\\evil.jpg', 'C:\\evil.jpg'])
def test_backslashes_do_not_lead_out_of_the_folder(tmp_path, name):
    path = make_zip(tmp_path / 'evil.zip', ['bounding_box_train\\a.jpg', name])
    with pytest.raises(ValueError, match=r'evil\.jpg.*leads out of'):
        prepare_dataset('market1501', tmp_path / 'out', path, quiet=True)
    assert not [*tmp_path.rglob('evil.jpg')]


def test_linked_and_hidden_folders_are_checked_as_they_are_trained(market):
    (market / 'query').rename(market.parent / 'elsewhere')
    (market / 'query').symlink_to(market.parent / 'elsewhere')
    write_image(market / 'query/.ipynb_checkpoints/a-checkpoint.jpg')
    assert check('market1501', market).ok
    (market / 'bounding_box_train/0009_c1s1_000001_01.jpg').symlink_to('gone')
    assert '0009_c1s1_000001_01.jpg is a link to gone' in problems(check('market1501', market))


def test_a_copy_appears_when_it_is_complete(duke, lists, tmp_path, monkeypatch):
    def die(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, 'rename', die)
    with pytest.raises(KeyboardInterrupt):
        prepare_dataset('occluded_duke', tmp_path / 'out', duke, lists, quiet=True)
    assert not [*(tmp_path / 'out').rglob('*.jpg')]


def test_an_absolute_name_is_not_copied(tmp_path):
    class Source:
        def read(self, name):
            return b'x'

    with pytest.raises(ValueError, match='leads out of'):
        copy_files(Source(), tmp_path / 'out', [('a', f'{tmp_path}/evil.jpg')], quiet=True)
    assert not (tmp_path / 'evil.jpg').exists()


def run(*arguments):
    command = [sys.executable, ROOT / 'tools/data/prepare_dataset.py', *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_says_the_same_and_fails_where_something_is_wrong(market):
    done = run('market1501', market)
    assert done.returncode == 1
    assert 'PROBLEM: train: 3 images instead of 12936 (-12933)' in done.stdout
    done = run('market', market)
    assert done.returncode == 1 and done.stderr.startswith('error: the data set must be one of')
