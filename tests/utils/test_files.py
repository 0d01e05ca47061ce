import os
import threading

import pytest

from mmdrop.utils import write_atomically


def test_text_and_bytes_are_written_and_folders_made(tmp_path):
    write_atomically(tmp_path / 'a/b/text.txt', 'grün\n')
    assert (tmp_path / 'a/b/text.txt').read_bytes() == 'grün\n'.encode()
    write_atomically(tmp_path / 'bytes', b'\x00\xff')
    assert (tmp_path / 'bytes').read_bytes() == b'\x00\xff'
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['a', 'b', 'bytes', 'text.txt']


def test_a_writer_that_dies_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'file'
    path.write_text('old')

    def die(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'replace', die)  # the last moment at which it can
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, 'new')
    assert path.read_text() == 'old'


def test_a_reader_never_sees_half_of_a_file(tmp_path):
    path, contents = tmp_path / 'file', {letter * 2**18 for letter in 'ab'}
    write_atomically(path, 'a' * 2**18)
    done = threading.Event()

    def write():
        for _ in range(30):
            for content in sorted(contents):
                write_atomically(path, content)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_text() in contents
    writer.join()
