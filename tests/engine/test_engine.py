import itertools
import os
import pickle
import runpy
import sys
from pathlib import Path
from pickle import UnpicklingError

import mmengine.runner.checkpoint as checkpoint_module
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mmdrop.engine import (
    NonFiniteLossHook,
    check_batch_size,
    check_lengths,
    check_pretrained,
    load_config,
    make_parser,
    prepare_cpu_launch,
)

ROOT = Path(__file__).parents[2]
NUMBERS = itertools.count()
TINY = str(ROOT / 'tests' / 'data' / 'tiny_drop.py')


class Line(BaseModel):
    """A model of one weight; from a given iteration on its first loss is NaN."""

    def __init__(self, nan_from=torch.inf):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.nan_from = nan_from
        self.iteration = 0

    def forward(self, inputs, mode='tensor'):
        self.iteration += 1
        broken = torch.nan if self.iteration >= self.nan_from else 1.0
        return dict(
            loss_fit=broken * (self.weight * inputs).mean() ** 2, loss_decay=self.weight.abs()
        )


def run(work_dir, max_epochs=2, model=None, **kwargs):
    """Runner of three iterations an epoch."""
    return Runner(
        model=model or Line(),
        work_dir=str(work_dir),
        train_dataloader=DataLoader([dict(inputs=torch.ones(1))] * 6, batch_size=2),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
        default_hooks=dict(checkpoint=dict(type='PlainCheckpointHook', interval=1)),
        default_scope='mmdrop',
        log_level='ERROR',
        experiment_name=f'engine_{next(NUMBERS)}',  # runners of one name share a log history
        **kwargs,
    )


class OpensAFile:
    """Unpickling it creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, 'w')


def test_a_checkpoint_can_be_read_without_running_code(tmp_path):
    run(tmp_path).train()
    checkpoint = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    assert {'state_dict', 'optimizer', 'message_hub', 'meta'} <= set(checkpoint)
    assert len(checkpoint['message_hub']['log_scalars']['train/loss']['history']) == 6


def test_a_downloaded_checkpoint_runs_no_code(tmp_path):
    torch.save(OpensAFile(tmp_path / 'owned'), tmp_path / 'evil.pth')
    with pytest.raises(UnpicklingError):
        checkpoint_module.load_url(
            (tmp_path / 'evil.pth').as_uri(), model_dir=str(tmp_path / 'cache')
        )
    assert not (tmp_path / 'owned').exists()


def test_the_log_history_survives_save_and_resume(tmp_path):
    first = run(tmp_path)
    first.train()
    second = run(tmp_path, max_epochs=3)
    second.resume(str(tmp_path / 'epoch_2.pth'))
    histories = [r.message_hub.log_scalars['train/loss_fit'] for r in (first, second)]
    assert histories[0].data[0].tolist() == histories[1].data[0].tolist()
    assert histories[0].data[1].tolist() == histories[1].data[1].tolist()
    second.train()
    assert second.message_hub.get_scalar('train/loss_fit').data[0].size == 9


@pytest.mark.parametrize('method', ['load_checkpoint', 'resume'])
def test_a_checkpoint_with_code_is_refused_and_the_code_does_not_run(method, tmp_path):
    runner, trace = run(tmp_path), tmp_path / 'trace'
    torch.save(dict(state_dict={}, meta=OpensAFile(trace)), tmp_path / 'bad.pth')
    with pytest.raises(pickle.UnpicklingError, match='could run code'):
        getattr(runner, method)(str(tmp_path / 'bad.pth'))
    assert not trace.exists()


def test_a_config_inside_a_checkpoint_is_not_executed_on_resume(tmp_path):
    first, trace = run(tmp_path), tmp_path / 'trace'
    first.train()
    checkpoint = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    checkpoint['meta']['config'] = f"open({str(trace)!r}, 'w').close()\n"
    torch.save(checkpoint, tmp_path / 'bad.pth')
    run(tmp_path, max_epochs=3).resume(str(tmp_path / 'bad.pth'))
    assert not trace.exists()


def test_the_first_broken_term_is_named_and_not_those_it_infects(tmp_path):
    # loss_fit is NaN in iteration 4; the step makes the weight NaN, and all terms from then on.
    runner = run(tmp_path, model=Line(nan_from=4), custom_hooks=[NonFiniteLossHook(interval=20)])
    with pytest.raises(FloatingPointError, match=r'^loss_fit became NaN .* in iteration 4\.'):
        runner.train()


def test_no_checkpoint_holds_the_weights_of_a_broken_run(tmp_path):
    runner = run(tmp_path, 3, model=Line(nan_from=5), custom_hooks=[NonFiniteLossHook(interval=20)])
    with pytest.raises(FloatingPointError, match='iteration 5'):
        runner.train()
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_1.pth']


@pytest.mark.parametrize('interval', [1, 2, 20])
def test_a_clean_run_is_left_alone(interval, tmp_path):
    runner = run(tmp_path, custom_hooks=[NonFiniteLossHook(interval)])
    runner.train()
    assert runner.iter == 6


def pretrained(checkpoint):
    init_cfg = dict(type='Pretrained', checkpoint=str(checkpoint), prefix='backbone')
    return ConfigDict(type='DROP', backbone=dict(type='HRNet', init_cfg=init_cfg), necks=[None])


def test_missing_pretrained_weights_are_named_with_their_config_key(tmp_path):
    with pytest.raises(RuntimeError, match=r'none\.pth of model\.backbone\.init_cfg'):
        check_pretrained(pretrained(tmp_path / 'none.pth'))


def test_pretrained_weights_that_can_be_read_pass(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'weights.pth')
    check_pretrained(pretrained(tmp_path / 'weights.pth'))


def test_the_advice_for_missing_weights_works(tmp_path):
    cfg = Config(dict(model=pretrained(tmp_path / 'none.pth')))
    options = make_parser('').parse_args(['x', '--cfg-options', 'model.backbone.init_cfg=None'])
    cfg.merge_from_dict(options.cfg_options)
    assert cfg.model.backbone.init_cfg is None
    check_pretrained(cfg.model)


@pytest.fixture
def no_launcher(monkeypatch):
    for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'LOCAL_RANK'):
        monkeypatch.setenv(name, '0')  # so that what a test sets is undone
        monkeypatch.delenv(name)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)


@pytest.mark.usefixtures('no_launcher')
def test_the_pytorch_launcher_without_torchrun_says_how_to_start(monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(RuntimeError, match=r'RANK, MASTER_ADDR is not set.*torchrun --nproc'):
        prepare_cpu_launch(Config(), 'pytorch')


@pytest.mark.usefixtures('no_launcher')
def test_other_launchers_are_left_alone():
    cfg = Config()
    prepare_cpu_launch(cfg, 'none')
    assert 'model_wrapper_cfg' not in cfg and not torch.distributed.is_initialized()


@pytest.mark.usefixtures('no_launcher')
def test_the_work_dir_is_called_after_the_config():
    cfg = load_config(make_parser('').parse_args([TINY]))
    assert cfg.work_dir == os.path.join('work_dirs', 'tiny_drop')
    assert cfg.launcher == 'none'


@pytest.mark.usefixtures('no_launcher')
def test_options_override_the_config():
    arguments = [TINY, '--work-dir', 'w', '--cfg-options', 'optim_wrapper.optimizer.lr=1e-2']
    cfg = load_config(make_parser('').parse_args([*arguments, 'model.reid_head.anchors=batch']))
    assert (cfg.work_dir, cfg.optim_wrapper.optimizer.lr) == ('w', 0.01)
    assert cfg.model.reid_head.anchors == 'batch'


@pytest.mark.usefixtures('no_launcher')
@pytest.mark.parametrize('spelling', ['--local_rank', '--local-rank'])
def test_both_spellings_of_the_local_rank_are_taken(spelling):
    load_config(make_parser('').parse_args([TINY, f'{spelling}=1']))
    assert os.environ['LOCAL_RANK'] == '1'


@pytest.mark.parametrize('tool', ['train', 'test'])
def test_help_does_not_mention_the_option_by_which_mim_recognises_old_tools(
    tool, monkeypatch, capsys
):
    monkeypatch.setattr(sys, 'argv', [f'{tool}.py', '-h'])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / 'tools' / f'{tool}.py'), run_name='__main__')
    text = capsys.readouterr().out
    assert '--launcher' in text and '--gpus' not in text


def test_a_batch_that_does_not_hold_the_samplers_identities_is_refused():
    sampler = dict(num_identities=16, num_instances=4)
    check_batch_size(Config(dict(train_dataloader=dict(batch_size=64, sampler=sampler))))
    with pytest.raises(ValueError, match=r'batch_size is 32.*16 identities.*set it to 64'):
        check_batch_size(Config(dict(train_dataloader=dict(batch_size=32, sampler=sampler))))


def test_a_training_of_no_epochs_and_intervals_of_none_are_refused():
    check_lengths(Config(dict(train_cfg=dict(max_epochs=1, val_interval=1))))
    for key, value in (('max_epochs', 0), ('val_interval', 0), ('max_iters', 1.5)):
        with pytest.raises(ValueError, match=rf'train_cfg\.{key} is {value}'):
            check_lengths(Config(dict(train_cfg={key: value})))
