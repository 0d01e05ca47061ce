"""Options of the command line: known keys are set, unknown ones are refused."""

import functools
import os
import runpy
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmdrop.engine import load_config, make_parser, merge_options, read_config

ROOT = Path(__file__).parents[3]


def merged(option, name='drop_hrnet32_occduke'):
    return load_config(make_parser('').parse_args([name, '--cfg-options', option]))


def value(cfg, key):
    node = cfg
    for part in key.split('.'):
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


@pytest.mark.parametrize(
    'option',
    [
        'optim_wrapper.optimizer.lr=0.5',
        'train_dataloader.dataset.pipeline.2.scale=(64,32)',  # item of a list
        'param_scheduler.0.end=5',
        'val_dataloader=None',  # a dict goes
        'model.backbone.norm_eval=True',  # parameter of the class that the config does not give
        'model.backbone.init_cfg.checkpoint=a.pth',
        'model.backbone.init_cfg.map_location=cpu',
        'optim_wrapper.optimizer.amsgrad=True',
        'optim_wrapper.clip_grad.max_norm=5',
        'optim_wrapper.paramwise_cfg.norm_decay_mult=0',  # read by MMEngine, no parameter
        'train_dataloader.drop_last=True',
        'train_dataloader.dataset.identities=(0,10)',
        'train_dataloader.dataset.indices=10',  # parameter of a base class, through **kwargs
        'default_hooks.checkpoint.by_epoch=False',
        'default_hooks.checkpoint.priority=LOW',
        'default_hooks.timer=None',
        'param_scheduler.0.convert_to_iter_based=True',
        'randomness.deterministic=True',
        'randomness.diff_rank_seed=True',
        'env_cfg.dist_cfg.backend=gloo',
        'env_cfg.resource_limit=1000',
        'auto_scale_lr.enable=True',
        'compile=True',
        'compile.backend=eager',
        'sync_bn=torch',
        'find_unused_parameters=True',
        'experiment_name=mine',
        'custom_hooks=[1,2]',
        'val_evaluator.embeddings=parts',
        'test_evaluator.collect_device=gpu',
    ],
)
def test_a_known_key_is_set(option):
    key, _, text = option.partition('=')
    found = str(value(merged(option), key))
    assert found.replace(' ', '') == text.replace(' ', '') or float(found) == float(text)


@pytest.mark.parametrize(
    ('option', 'similar'),
    [
        ('optim_wraper.optimizer.lr=1', 'optim_wrapper.optimizer.lr'),
        ('optim_wrapper.optimiser.lr=1', 'optim_wrapper.optimizer.lr'),
        ('optim_wrapper.optimizer.learning_rate=1', None),
        ('optim_wrapper.lr=1', 'optim_wrapper.optimizer.lr'),
        ('lr=1', 'optim_wrapper.optimizer.lr'),
        ('model.reid_head.num_clases=2', 'model.reid_head.num_classes'),
        ('model.backbone.init_cfg.chekpoint=a', 'model.backbone.init_cfg.checkpoint'),
        ('model.backbone.norm_evel=1', 'model.backbone.norm_eval'),
        ('train_dataloader.batchsize=1', 'train_dataloader.batch_size'),
        ('train_dataloader.dataset.data_rot=x', 'train_dataloader.dataset.data_root'),
        ('train_dataloader.dataset.pipeline.7.prob=1', None),
        ('train_dataloader.dataset.pipeline.x.prob=1', None),
        ('param_scheduler.0.ends=3', 'param_scheduler.0.end'),
        ('train_cfg.max_epoch=3', 'train_cfg.max_epochs'),
        ('randomness.sed=3', 'randomness.seed'),
        ('default_hooks.loger.interval=3', 'default_hooks.logger.interval'),
        ('default_hooks.loger=None', 'default_hooks.logger'),
        ('default_hooks.checkpoint.max_keep_ckpt=3', 'default_hooks.checkpoint.max_keep_ckpts'),
        ('val_evaluator.embedings=parts', 'val_evaluator.embeddings'),
        ('resume_form=x', None),
    ],
)
def test_a_key_that_the_config_has_not_is_refused_with_the_closest_one(option, similar):
    with pytest.raises(ValueError, match='the config has no') as error:
        merged(option)
    key = option.partition('=')[0]
    assert f'--cfg-options {key}: ' in str(error.value) and f'+{key}=… adds it' in str(error.value)
    if similar:
        assert f'did you mean {similar}?' in str(error.value)


def test_a_value_has_no_keys_below():
    with pytest.raises(ValueError, match=r'train_cfg\.max_epochs is 120 and has no keys'):
        merged('train_cfg.max_epochs.value=3')


def test_none_takes_hooks_and_test_sets_away(tmp_path):
    options = ['default_hooks.ranking=None', 'default_hooks.timer=None', 'custom_hooks=None']
    cfg = load_config(
        make_parser('').parse_args(
            ['study/drop', '--cfg-options', *options, 'test_cfg.sets.pasted=None']
        )
    )
    assert 'ranking' not in cfg.default_hooks and 'parsing' in cfg.default_hooks
    assert cfg.default_hooks.timer is None  # MMEngine would add its own if it were absent
    assert cfg.test_cfg.sets == {}
    cfg = load_config(make_parser('').parse_args([str(ROOT / 'tests/data/tiny_drop.py')]))
    cfg.default_hooks = dict.fromkeys(cfg.default_hooks)
    cfg.custom_hooks = [None]
    cfg.dump(tmp_path / 'none.py')
    cfg = read_config(tmp_path / 'none.py')
    cfg.work_dir = str(tmp_path)
    runner = Runner.from_cfg(cfg)
    assert runner.hooks == []


def test_deterministic_runs_may_multiply_matrices_on_a_gpu(monkeypatch):
    monkeypatch.setenv('CUBLAS_WORKSPACE_CONFIG', '')  # so that it is restored
    monkeypatch.delenv('CUBLAS_WORKSPACE_CONFIG')
    merged('randomness.seed=2')
    assert 'CUBLAS_WORKSPACE_CONFIG' not in os.environ
    merged('randomness.deterministic=True')
    assert os.environ['CUBLAS_WORKSPACE_CONFIG'] == ':4096:8'


def test_plus_adds_a_key():
    assert merged('+my.own.number=3').my.own.number == 3
    assert merged('+model.backbone.new=a').model.backbone.new == 'a'
    assert merged('+optim_wrapper.optimizer.lr=1').optim_wrapper.optimizer.lr == 1


def test_keys_below_none_make_a_dict():
    cfg = Config(dict(model=dict(init_cfg=None)))
    merge_options(cfg, {'model.init_cfg.type': 'Pretrained', 'model.init_cfg.checkpoint': 'a'})
    assert cfg.model.init_cfg == dict(type='Pretrained', checkpoint='a')


def test_an_option_may_name_what_an_earlier_one_makes():
    cfg = read_config('drop_demo')
    options = {
        'model.backbone._delete_': True,
        'model.backbone.type': 'mmpretrain.ConvNeXt',
        'model.backbone.drop_path_rate': 0.1,
    }
    merge_options(cfg, options)
    assert cfg.model.backbone == {
        key.rpartition('.')[2]: value for key, value in list(options.items())[1:]
    }
    with pytest.raises(ValueError, match=r'did you mean model\.backbone\.drop_path_rate\?'):
        merge_options(cfg, {'model.backbone.drop_path_rat': 0.1})


def test_types_may_be_text():
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))))
    merge_options(cfg, {'optim_wrapper.optimizer.momentum': 0.9})
    assert cfg.optim_wrapper.optimizer.momentum == 0.9
    with pytest.raises(ValueError, match=r'optimizer\.momentum\?'):
        merge_options(cfg, {'optim_wrapper.optimizer.momentun': 0.9})


@pytest.mark.parametrize(
    ('key', 'value', 'words'),
    [
        ('optim_wrapper.optimizer.lr', 'abc', 'not a number'),
        ('train_cfg.max_epochs', 'ten', 'not a number'),
        ('train_dataloader.persistent_workers', 'no', 'not True or False'),
    ],
)
def test_text_does_not_take_the_place_of_a_number(key, value, words):
    cfg = read_config('drop_demo')
    cfg.train_dataloader.persistent_workers = True
    with pytest.raises(ValueError, match=rf'{key}={value}: .*{words}'):
        merge_options(cfg, {key: value})
    merge_options(cfg, {f'+{key}': value})
    *path, last = key.split('.')
    assert functools.reduce(getattr, path, cfg)[last] == value


def test_randomness_of_none_is_that_of_no_seed():
    assert 'randomness' not in read_config('drop_demo', {'randomness': None})


@pytest.mark.parametrize('options', [['lr'], ['lr', '=', '3'], ['=3'], ['+=3']])
def test_an_option_that_is_no_key_with_a_value_is_refused(options, capsys):
    with pytest.raises(SystemExit):
        make_parser('').parse_args(['drop_demo', '--cfg-options', *options])
    assert f'takes KEY=VALUE without spaces, got {options[0]!r}' in capsys.readouterr().err


def test_none_has_no_items():
    with pytest.raises(ValueError, match='param_scheduler is None and has no keys'):
        merge_options(Config(dict(param_scheduler=None)), {'param_scheduler.0.end': 3})


@pytest.mark.parametrize(
    ('tool', 'arguments'),
    [
        ('train.py', ['drop_demo']),
        ('test.py', ['drop_demo', 'none.pth']),
        ('analysis/get_flops.py', ['configs/global_demo']),
        ('data/browse_dataset.py', ['drop_demo']),
        ('data/check_labels.py', ['drop_demo']),
        ('data/occlusion_checksum.py', ['study/drop']),
        ('study/run_study.py', ['drop_demo', '--out', 'out']),
    ],
)
def test_every_tool_takes_names_of_recipes_and_refuses_unknown_keys(
    tool, arguments, monkeypatch, capsys
):
    option = ['--cfg-options', 'train_dataloader.batchsize=3']
    monkeypatch.setattr(sys, 'argv', [tool, *arguments, *option])
    monkeypatch.syspath_prepend(str((ROOT / 'tools' / tool).parent))
    with pytest.raises((ValueError, SystemExit)) as error:
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
    printed = capsys.readouterr()
    said = f'{error.value}{printed.out}{printed.err}'
    assert 'did you mean train_dataloader.batch_size?' in said
