import shutil
from pathlib import Path

import pytest
import torch
from quick_runs import log, runner, state

from mmdrop.engine import list_checkpoints, newest_readable_checkpoint
from mmdrop.engine.checkpoints.resuming_hook import register_resuming


@pytest.fixture(scope='module')
def three_epochs(tmp_path_factory):
    """Work dir of three epochs whose checkpoints are all kept."""
    folder = tmp_path_factory.mktemp('three') / 'work'
    runner(folder, max_epochs=3, keep=-1).train()
    return folder


@pytest.fixture
def work(three_epochs, tmp_path):
    return shutil.copytree(three_epochs, tmp_path / 'work')


def cut(path):
    path.write_bytes(path.read_bytes()[:-500])


def find(folder):
    warnings = []
    return newest_readable_checkpoint(folder, warn=warnings.append), warnings


def test_the_mark_holds_a_name(work):
    assert (work / 'last_checkpoint').read_text() == 'epoch_3.pth'


@pytest.mark.parametrize('mark', [None, '', '\0' * 30, 'epoch_9.pth', '/elsewhere/epoch_3.pth'])
def test_the_newest_checkpoint_is_found_whatever_the_mark_says(work, mark):
    (work / 'last_checkpoint').unlink()
    if mark is not None:
        (work / 'last_checkpoint').write_text(mark)
    assert find(work) == (work / 'epoch_3.pth', [])


def test_a_checkpoint_saved_after_the_mark_is_newer(work):
    (work / 'last_checkpoint').write_text('epoch_2.pth')
    assert find(work)[0] == work / 'epoch_3.pth'


def test_higher_numbers_of_a_run_that_was_set_back_are_older(work):
    content = torch.load(work / 'epoch_2.pth', weights_only=True)
    content['meta']['time'] = '29991231_000000'
    torch.save(content, work / 'epoch_2.pth')
    (work / 'last_checkpoint').write_text('epoch_2.pth')
    assert find(work)[0] == work / 'epoch_2.pth'


def test_cut_and_damaged_files_are_left_out_and_named(work):
    cut(work / 'epoch_3.pth')
    damaged = bytearray((work / 'epoch_2.pth').read_bytes())
    place = damaged.index(
        torch.load(work / 'epoch_2.pth')['state_dict']['weight'].numpy().tobytes()
    )
    damaged[place] ^= 1
    (work / 'epoch_2.pth').write_bytes(damaged)
    found, (first, second) = find(work)
    assert found == work / 'epoch_1.pth'
    assert 'epoch_3.pth is left out: the file is cut or damaged' in first
    assert 'epoch_2.pth is left out: its entry' in second


def test_weights_with_nan_are_left_out(work):
    content = torch.load(work / 'epoch_3.pth', weights_only=True)
    content['state_dict']['weight'].fill_(torch.nan)
    torch.save(content, work / 'epoch_3.pth')
    found, (warning,) = find(work)
    assert found == work / 'epoch_2.pth' and 'its weight holds NaN' in warning


def test_a_folder_of_cut_files_alone_is_begun_anew(work):
    for path in list_checkpoints(work):
        cut(path)
    assert find(work)[0] is None


def test_whole_files_that_cannot_be_used_are_not_overwritten_silently(tmp_path):
    torch.save(dict(weight=torch.ones(1)), tmp_path / 'epoch_7.pth')
    with pytest.raises(ValueError, match=r'epoch_7.pth: it holds weights, but not the state'):
        find(tmp_path)


def test_numbers_are_compared_as_numbers(tmp_path):
    for name in ('epoch_9.pth', 'epoch_10.pth', 'epoch_x.pth', 'best_reid_mAP_epoch_11.pth'):
        (tmp_path / name).touch()
    assert [path.name for path in list_checkpoints(tmp_path)] == ['epoch_10.pth', 'epoch_9.pth']


def test_a_run_without_a_mark_goes_on_and_says_from_what(work):
    (work / 'last_checkpoint').unlink()
    cut(work / 'epoch_3.pth')
    runner(work, resume=True, keep=-1, max_epochs=3, log_level='INFO').train()
    assert f'Auto resumed from the latest checkpoint {work}/epoch_2.pth' in log(work)
    assert state(work)['scores'] == [10.0, 30.0, 20.0]


def test_resuming_in_an_empty_folder_says_that_it_begins(tmp_path):
    runner(tmp_path, resume=True, max_epochs=1, log_level='INFO').train()
    assert 'the training starts from the beginning' in log(tmp_path)
    assert state(tmp_path)['marked'] == 'epoch_1.pth'


def test_a_copied_work_dir_leaves_the_original_alone(tmp_path):
    runner(tmp_path / 'first', max_epochs=1).train()
    shutil.copytree(tmp_path / 'first', tmp_path / 'copy')
    before = {path: path.read_bytes() for path in (tmp_path / 'first').glob('*.pth')}
    runner(tmp_path / 'copy', resume=True).train()
    assert before == {path: path.read_bytes() for path in (tmp_path / 'first').glob('*.pth')}
    runner(tmp_path / 'whole').train()
    assert state(tmp_path / 'copy') == state(tmp_path / 'whole')
    shutil.rmtree(tmp_path / 'first')
    runner(tmp_path / 'copy', resume=True, max_epochs=3).train()  # nothing points to the first


@pytest.mark.parametrize('mark', ['kept', 'lost'])
def test_a_copy_with_checkpoints_of_mmengines_own_hook_leaves_the_original_alone(tmp_path, mark):
    own = dict(checkpoint=dict(type='CheckpointHook', interval=1, save_best='reid/mAP'))
    runner(tmp_path / 'first', max_epochs=1, default_hooks=own).train()
    shutil.copytree(tmp_path / 'first', tmp_path / 'copy')
    if mark == 'lost':
        (tmp_path / 'copy' / 'last_checkpoint').unlink()
    before = {path: path.read_bytes() for path in (tmp_path / 'first').glob('*.pth')}
    assert len(before) == 2
    resumed = runner(tmp_path / 'copy', resume=True, default_hooks=own)
    register_resuming(resumed)
    resumed.train()
    assert Path(resumed._load_from) == tmp_path / 'copy' / 'epoch_1.pth' and resumed.iter == 6
    assert before == {path: path.read_bytes() for path in (tmp_path / 'first').glob('*.pth')}
    names = {path.name for path in (tmp_path / 'copy').glob('*.pth')}
    assert names == {'epoch_1.pth', 'epoch_2.pth', 'best_reid_mAP_epoch_2.pth'}


@pytest.mark.parametrize('hook', [dict(type='CheckpointHook'), None])
def test_a_plain_checkpoint_is_resumed_without_the_hook_that_wrote_it(work, hook):
    resumed = runner(work, resume=True, max_epochs=4, default_hooks=dict(checkpoint=hook))
    register_resuming(resumed)
    resumed.train()
    assert resumed.epoch == 4
    assert resumed.message_hub.log_scalars['train/loss'].data[0].shape == (12,)


def test_resuming_is_left_to_the_hook_that_does_it(tmp_path):
    for hook in ('PlainCheckpointHook', 'CheckpointHook'):
        run = runner(tmp_path, resume=True, default_hooks=dict(checkpoint=dict(type=hook)))
        register_resuming(run)
        added = [type(hook).__name__ for hook in run.hooks].count('ResumingHook')
        assert added == (hook == 'CheckpointHook')


def test_what_a_killed_save_left_is_removed(work):
    (work / '.epoch_4.pth.123').touch()
    (work / '.last_checkpoint.123').touch()
    (work / '.mine.pth').touch()
    runner(work, resume=True, max_epochs=4, keep=-1).train()
    assert [path.name for path in work.glob('.*')] == ['.mine.pth']


class Stopped(BaseException):
    """Stands for a kill."""


def stop_in_validation(epoch):
    from quick_runs import ScoreOfTheEpoch

    class Stops(ScoreOfTheEpoch):
        def compute_metrics(self, results):
            if int(self.model.steps) == 3 * epoch:
                raise Stopped
            return super().compute_metrics(results)

    return Stops


@pytest.mark.parametrize('epoch', [1, 2, 3])
def test_a_validation_that_was_stopped_is_made_up_for(tmp_path, epoch):
    with pytest.raises(Stopped):
        runner(tmp_path / 'parts', max_epochs=3, metric=stop_in_validation(epoch)).train()
    assert (tmp_path / 'parts' / f'epoch_{epoch}.pth').is_file()
    runner(tmp_path / 'parts', resume=True, max_epochs=3).train()
    runner(tmp_path / 'whole', max_epochs=3).train()
    assert state(tmp_path / 'parts') == state(tmp_path / 'whole')


@pytest.mark.parametrize('interval', [1, 2])
def test_a_validation_that_has_scores_or_was_not_due_is_not_made_again(tmp_path, interval):
    loop = dict(by_epoch=True, val_interval=interval)
    runner(tmp_path, train_cfg=loop | dict(max_epochs=interval)).train()
    runner(tmp_path, resume=True, train_cfg=loop | dict(max_epochs=interval)).train()
    assert len(state(tmp_path)['scores']) == 1
