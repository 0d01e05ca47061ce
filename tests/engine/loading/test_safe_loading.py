import itertools
import re
import zipfile
from pathlib import Path

import mmengine.runner.checkpoint as checkpoint_module
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner, load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn
from torch.utils.data import DataLoader

from mmdrop.engine import UnsafeCheckpointError, read_checkpoint

NUMBERS = itertools.count()


class OpensAFile:
    """Unpickling it creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, 'w')


class Calls:
    """Unpickling it calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, inputs, mode='tensor'):
        return dict(loss=(self.weight * inputs).mean() ** 2)


def mmengine_run(work_dir, max_epochs=1, **kwargs):
    """A run with MMEngine's own checkpoint hook."""
    return Runner(
        model=Line(),
        work_dir=str(work_dir),
        train_dataloader=DataLoader([dict(inputs=torch.ones(1))] * 6, batch_size=2),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        log_level='ERROR',
        experiment_name=f'safe_{next(NUMBERS)}',
        **kwargs,
    )


@pytest.fixture(params=['', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'])
def environment(request, monkeypatch):
    if request.param:
        monkeypatch.setenv(request.param, '1')


@pytest.fixture
def evil(tmp_path):
    torch.save(dict(state_dict={}, meta=OpensAFile(tmp_path / 'trace')), tmp_path / 'evil.pth')
    return tmp_path / 'evil.pth'


def add_scheme(monkeypatch, prefix, reader):
    schemes = {**CheckpointLoader._schemes, prefix: reader}
    schemes = dict(sorted(schemes.items(), reverse=True))  # the empty prefix, of files, is last
    monkeypatch.setattr(CheckpointLoader, '_schemes', schemes)


def local(path, monkeypatch):
    return str(path)


def url(path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(path.parent / 'cache'))
    add_scheme(monkeypatch, 'file://', checkpoint_module.load_from_http)  # urllib reads files too
    return path.as_uri()


def ceph(path, monkeypatch):
    class Backend:
        def get(self, name):
            return path.read_bytes()

    monkeypatch.setattr(checkpoint_module, 'get_file_backend', lambda *_, **__: Backend())
    return 's3://bucket/evil.pth'


def openmmlab(path, monkeypatch):
    monkeypatch.setenv('MMENGINE_HOME', str(path.parent))
    monkeypatch.setattr(checkpoint_module, 'get_external_models', lambda: {'evil': path.name})
    return 'open-mmlab://evil'


def torchvision(path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(path.parent / 'cache'))
    monkeypatch.setattr(
        checkpoint_module, 'get_torchvision_models', lambda: {'evil': path.as_uri()}
    )
    return 'torchvision://evil'


def of_another_package(path, monkeypatch):
    """A scheme whose reader asks for what is not safe."""

    def load_from_mine(name, map_location):
        return torch.load(path, weights_only=False)

    add_scheme(monkeypatch, 'mine://', load_from_mine)
    return 'mine://x'


SOURCES = [local, url, ceph, openmmlab, torchvision, of_another_package]


@pytest.mark.usefixtures('environment')
@pytest.mark.parametrize('source', SOURCES, ids=lambda f: f.__name__)
def test_code_in_a_checkpoint_does_not_run_wherever_it_comes_from(source, evil, monkeypatch):
    name = source(evil, monkeypatch)
    before = torch.load
    with pytest.raises(UnsafeCheckpointError, match='could run code'):
        load_checkpoint(Line(), name)
    assert not (evil.parent / 'trace').exists() and torch.load is before


def test_getattr_in_a_checkpoint_finds_nothing(tmp_path):
    trace = tmp_path / 'trace'
    torch.save(Calls(getattr, Path, 'touch'), tmp_path / 'a.pth')
    torch.save(Calls(getattr, OpensAFile(trace), 'name'), tmp_path / 'b.pth')
    torch.save(Calls(getattr, HistoryBuffer, '__init__'), tmp_path / 'c.pth')
    for name in 'ab':
        with pytest.raises(UnsafeCheckpointError):
            read_checkpoint(tmp_path / f'{name}.pth')
    assert read_checkpoint(tmp_path / 'c.pth') is None  # a method of the history stays a name
    assert not trace.exists()


def test_what_the_fork_declares_safe_is_not_built(tmp_path):
    array = np.array([OpensAFile(tmp_path / 'trace')], dtype=object)
    torch.save(array, tmp_path / 'array.pth')
    with (
        torch.serialization.safe_globals([getattr, HistoryBuffer, np.ndarray]),
        pytest.raises(UnsafeCheckpointError),
    ):
        read_checkpoint(tmp_path / 'array.pth')
    assert not (tmp_path / 'trace').exists()


def test_what_a_user_declares_safe_stays_so(tmp_path):
    torch.save(slice(1, 2), tmp_path / 'slice.pth')
    declared = set(torch.serialization.get_safe_globals())
    with torch.serialization.safe_globals([slice]):
        assert read_checkpoint(tmp_path / 'slice.pth') == slice(1, 2)
    assert set(torch.serialization.get_safe_globals()) == declared


def test_arrays_and_numbers_of_numpy_are_read(tmp_path):
    content = dict(
        arrays=[
            np.arange(6, dtype=dtype).reshape(2, 3) for dtype in ('f4', 'f8', 'i8', 'u1', '>i4')
        ],
        fortran=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        empty=np.zeros((0, 3), np.float32),
        flags=np.array([True, False]),
        names=(np.array(['person', 'dog']),),
        scalar={'best': np.float64(0.25), 'count': np.int32(7), 'flag': np.bool_(True)},
        objects=np.array(['a', None], dtype=object),
    )
    torch.save(content, tmp_path / 'numpy.pth')
    read = read_checkpoint(tmp_path / 'numpy.pth')
    for got, wanted in zip(read['arrays'], content['arrays'], strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)
    for key in ('fortran', 'empty', 'flags'):
        np.testing.assert_array_equal(read[key], content[key])
    assert read['names'][0].tolist() == ['person', 'dog'] and read['objects'] == ['a', None]
    assert read['scalar'] == {'best': 0.25, 'count': 7, 'flag': True}


def test_arrays_saved_under_numpys_old_name_are_read(tmp_path):
    torch.save(np.arange(3.0), tmp_path / 'new.pth', _use_new_zipfile_serialization=False)
    content = (tmp_path / 'new.pth').read_bytes()
    old = re.sub(rb'numpy\._?core', b'numpy.core', content)
    assert b'numpy.core.multiarray' in old
    (tmp_path / 'old.pth').write_bytes(old)
    assert read_checkpoint(tmp_path / 'old.pth').tolist() == [0, 1, 2]


def test_a_checkpoint_of_mmengines_own_hook_is_read_with_its_history(tmp_path):
    runner = mmengine_run(tmp_path)
    runner.message_hub.update_info('array', np.ones(2))
    runner.train()
    checkpoint = CheckpointLoader.load_checkpoint(str(tmp_path / 'epoch_1.pth'))
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    wanted = runner.message_hub.log_scalars['train/loss']
    assert type(history) is HistoryBuffer and history.max_length == wanted.max_length
    for got, known in zip(history.data, wanted.data, strict=True):
        np.testing.assert_array_equal(got, known)
    assert history.mean() == wanted.mean() and history.statistics('min') == wanted.min()
    torch.testing.assert_close(checkpoint['state_dict'], runner.model.state_dict())


@pytest.mark.usefixtures('environment')
def test_a_run_with_mmengines_own_hook_resumes_and_executes_no_config(tmp_path):
    mmengine_run(tmp_path).train()
    checkpoint = read_checkpoint(tmp_path / 'epoch_1.pth')
    checkpoint['meta']['config'] = f"open({str(tmp_path / 'trace')!r}, 'w').close()\n"
    torch.save(checkpoint, tmp_path / 'epoch_1.pth')
    runner = mmengine_run(tmp_path, max_epochs=2, resume=True)
    runner.train()
    assert runner.iter == 6 and not (tmp_path / 'trace').exists()
    assert len(runner.message_hub.log_scalars['train/loss'].data[0]) == 6


def cut(path):
    torch.save(dict(state_dict={}), path)
    path.write_bytes(path.read_bytes()[:-40])


def empty(path):
    path.touch()


def torchscript(path):
    torch.save(dict(state_dict={}), path)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr(f'{path.stem}/constants.pkl', b'')


def history_without_state(path):
    history = HistoryBuffer.__new__(HistoryBuffer)
    history.__dict__.clear()
    torch.save(history, path)


@pytest.mark.parametrize('write', [cut, empty, torchscript, history_without_state])
def test_a_damaged_file_is_named_in_one_sentence(write, tmp_path):
    path = tmp_path / 'x.pth'
    write(path)
    with pytest.raises(ValueError, match=r'x\.pth cannot be read as a checkpoint: .+') as error:
        load_checkpoint(Line(), str(path))
    assert '\n' not in str(error.value) and 'weights_only=False' not in str(error.value)
