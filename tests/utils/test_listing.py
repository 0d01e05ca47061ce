import os
import random

import pytest

from mmdrop.utils import list_files, list_image_files
from mmdrop.utils import listing as module


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def names(root, **options):
    return [path.relative_to(root).as_posix() for path in list_files(root, **options)]


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda text, *_, **__: lines.append(text))
    return lines


def test_files_come_in_the_order_of_sorted_paths(tmp_path):
    rng = random.Random(0)
    for _ in range(60):
        depth = rng.randint(1, 3)
        folders = ''.join(f'{rng.choice(["a", "a-", "a.b", "B", "é"])}/' for _ in range(depth))
        touch(tmp_path, f'{folders}{rng.choice("xyz-")}.{rng.choice(["jpg", "txt"])}')
    expected = sorted(path for path in tmp_path.rglob('*') if path.is_file())
    assert list_files(tmp_path) == expected and len(expected) > 30
    images = [path for path in expected if path.suffix == '.jpg']
    assert list_image_files(str(tmp_path)) == images


def test_links_to_folders_and_files_are_followed(tmp_path):
    real = touch(tmp_path / 'real', '0001/a.jpg', 'b.jpg')
    root = touch(tmp_path / 'root', '0002/c.jpg')
    (root / '0001').symlink_to(real / '0001')
    (root / 'd.jpg').symlink_to(real / 'b.jpg')
    (tmp_path / 'link').symlink_to(root)
    assert names(root) == ['0001/a.jpg', '0002/c.jpg', 'd.jpg']
    assert names(tmp_path / 'link') == names(root)


def test_links_upwards_and_to_one_another_end(tmp_path, logged):
    root = touch(tmp_path / 'root', '0001/a.jpg', '0002/b.jpg')
    (root / '0001/up').symlink_to('..')
    (root / '0001/self').symlink_to('.')
    (root / 'top').symlink_to(tmp_path)  # above the folder that is listed
    (root / '0001/x').symlink_to(root / '0002')
    (root / '0002/y').symlink_to(root / '0001')
    assert names(root) == ['0001/a.jpg', '0001/x/b.jpg', '0002/b.jpg', '0002/y/a.jpg']
    assert 'links to a folder that they lie in' in logged[0]


def test_hidden_files_and_folders_are_left_out_and_counted_once(tmp_path, logged):
    root = touch(
        tmp_path / '.cache',  # the user names it, so it is listed
        *('a.jpg', '._a.jpg', '.DS_Store', 'Thumbs.db', 'desktop.ini', 'x/__MACOSX/a.jpg'),
        *('.ipynb_checkpoints/a-checkpoint.jpg', '@eaDir/a.jpg', 'x/b.jpg'),
    )
    assert names(root) == ['a.jpg', 'x/b.jpg'] == names(root)
    assert len(logged) == 1 and '7 hidden files or folders' in logged[0]


def test_nothing_is_said_of_a_folder_without_hidden_files(tmp_path, logged):
    names(touch(tmp_path, 'a.jpg'))
    assert not logged


@pytest.mark.parametrize('name', ['a.jpg', '0001'])
def test_a_link_to_nothing_is_an_error_or_a_warning(tmp_path, name, logged):
    (touch(tmp_path, 'b.jpg') / name).symlink_to(tmp_path / 'gone')
    with pytest.raises(FileNotFoundError, match=rf'{name} is a link to .*gone.*1 such link'):
        list_files(tmp_path)
    assert names(tmp_path, strict=False) == ['b.jpg']
    assert f'1 links to nothing, such as {tmp_path / name}' in logged[0]


def test_a_link_to_itself_is_a_link_to_nothing(tmp_path):
    (tmp_path / 'a.jpg').symlink_to('a.jpg')
    with pytest.raises(FileNotFoundError, match='cannot be reached'):
        list_files(tmp_path)


def test_only_images_matter_among_links_to_nothing(tmp_path):
    (touch(tmp_path, 'b.jpg') / 'notes.txt').symlink_to('gone')
    assert names(tmp_path) == ['b.jpg']


def test_without_recursion_folders_are_passed_over(tmp_path):
    touch(tmp_path, 'a.jpg', 'x/b.jpg')
    (tmp_path / 'y').symlink_to('x')
    assert names(tmp_path, recursive=False) == ['a.jpg']


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path, monkeypatch):
    touch(tmp_path, 'x/a.jpg')
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith('x'):
            raise PermissionError(13, 'Permission denied', str(path))
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    with pytest.raises(PermissionError, match='x'):
        list_files(tmp_path)


def test_a_folder_named_like_an_image_is_looked_into(tmp_path):
    assert names(touch(tmp_path, 'a.jpg/b.jpg')) == ['a.jpg/b.jpg']


def test_files_that_are_no_images_are_counted(tmp_path, logged):
    root = touch(tmp_path / 'root', '1/a.jpg', '1/b.heic', '2/c.txt')
    assert [path.name for path in list_image_files(root)] == ['a.jpg']
    assert logged == [
        f'{root}: left out 2 files without the extension of an image, such as {root}/1/b.heic'
    ]
