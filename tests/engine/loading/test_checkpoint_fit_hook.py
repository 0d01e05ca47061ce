import itertools
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mmdrop.engine import build_runner
from mmdrop.models import GlobalReIDHead, PartMemoryBank, PCTLoss
from mmdrop.structures import ReIDDataSample

NUMBERS = itertools.count()


class Tiny(BaseModel):
    """A linear backbone and a global head with a bank."""

    def __init__(self, num_classes=4, width=6):
        super().__init__()
        self.backbone = nn.Linear(3, width)
        self.reid_head = GlobalReIDHead(
            num_classes,
            width,
            8,
            triplet_loss=dict(type=PCTLoss),
            memory_bank=dict(type=PartMemoryBank, num_batches=4),
        )

    def forward(self, inputs, label, mode='tensor'):
        features = self.backbone(inputs)[..., None, None]
        if mode == 'loss':
            samples = [ReIDDataSample(gt_label=int(i)) for i in label]
            return self.reid_head.loss(features, None, samples)
        return [ReIDDataSample() for _ in inputs]


class Count(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += data_samples

    def compute_metrics(self, results):
        return dict(count=len(results))


def run(work_dir, max_epochs=1, model=None, optimizer='Adam', **kwargs):
    torch.manual_seed(next(NUMBERS))
    data = [dict(inputs=torch.randn(3), label=i % 4 // 2) for i in range(8)]
    settings = dict(
        model=model or Tiny(),
        work_dir=str(work_dir),
        train_dataloader=DataLoader(data, batch_size=4),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type=optimizer, lr=0.01)),
        test_dataloader=DataLoader(data, batch_size=4),
        test_cfg=dict(),
        test_evaluator=[Count()],
        default_hooks=dict(checkpoint=dict(type='PlainCheckpointHook', interval=1)),
        custom_hooks=[dict(type='CheckpointFitHook')],
        default_scope='mmdrop',
        log_level='ERROR',
        experiment_name=f'fit_{next(NUMBERS)}',
    )
    return Runner(**{**settings, **kwargs})


@pytest.fixture
def trained(tmp_path):
    run(tmp_path / 'trained').train()
    return tmp_path / 'trained' / 'epoch_1.pth'


def test_a_test_takes_other_identities_and_loads_the_weights(trained, tmp_path):
    runner = run(tmp_path / 'test', model=Tiny(num_classes=9), load_from=str(trained))
    assert runner.test() == {'count': 8}
    saved = torch.load(trained, weights_only=True)['state_dict']
    assert torch.equal(runner.model.backbone.weight, saved['backbone.weight'])


@pytest.mark.parametrize('name', ['test', 'val'])
def test_a_test_refuses_another_model(name, trained, tmp_path):
    data = run(tmp_path).test_dataloader
    sets = dict(val_dataloader=data, val_cfg=dict(), val_evaluator=[Count()])
    runner = run(tmp_path / 'test', model=Tiny(width=7), load_from=str(trained), **sets)
    with pytest.raises(
        ValueError, match=r'epoch_1\.pth.*does not fit this model.*backbone\.weight'
    ):
        getattr(runner, name)()


def test_a_run_from_a_checkpoint_says_what_is_left_out(trained, tmp_path, monkeypatch):
    lines = []
    place = 'mmdrop.engine.loading.checkpoint_fit_hook.print_log'
    monkeypatch.setattr(place, lambda text, *_: lines.append(text))
    run(tmp_path / 'new', model=Tiny(num_classes=9), load_from=str(trained)).train()
    (line,) = lines
    assert 'classifier.weight (4, 8) in the file and (9, 8) in the model' in line
    run(tmp_path / 'same', load_from=str(trained)).train()
    assert len(lines) == 1


def test_a_run_from_a_checkpoint_of_which_hardly_anything_fits_is_refused(trained, tmp_path):
    torch.save({'conv1.weight': torch.ones(3)}, tmp_path / 'other.pth')
    runner = run(tmp_path / 'new', load_from=str(tmp_path / 'other.pth'))
    with pytest.raises(ValueError, match=r'other\.pth: hardly anything.*init_cfg'):
        runner.train()
    assert runner.iter == 0


def rows_at_the_start(runner):
    sizes = []
    bank = runner.model.reid_head.bank
    bank.register_forward_pre_hook(lambda module, _: sizes.append(len(module.pids)))
    runner.train()
    return sizes[0]


def test_only_a_resumed_run_keeps_the_rows_of_the_bank(trained, tmp_path):
    saved = torch.load(trained, weights_only=True)['state_dict']['reid_head.bank.pids']
    assert len(saved) == 8
    assert rows_at_the_start(run(tmp_path / 'new', load_from=str(trained))) == 0
    resumed = run(tmp_path / 'new', 2, load_from=str(trained), resume=True)
    assert rows_at_the_start(resumed) == 8
    by_hand = run(tmp_path / 'new', 2)
    by_hand.resume(str(trained))
    assert rows_at_the_start(by_hand) == 8


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(model=Tiny(num_classes=9)), r'another number of identities\..*load_from='),
        (dict(model=Tiny(width=7)), r'does not fit the model: .*another shape.*load_from='),
        (dict(optimizer='SGD'), 'another optimiser than SGD: it has amsgrad, betas, eps'),
        (dict(optimizer='AdamW'), 'decouples the weight decay'),
    ],
)
def test_a_run_that_another_config_began_is_not_resumed(options, message, trained, tmp_path):
    runner = run(tmp_path / 'new', 2, load_from=str(trained), resume=True, **options)
    with pytest.raises(ValueError, match=rf'cannot resume from .*epoch_1\.pth.*{message}'):
        runner.train()


def test_weights_alone_are_not_resumed(trained, tmp_path):
    state = torch.load(trained, weights_only=True)['state_dict']
    torch.save(dict(state_dict=state), tmp_path / 'weights.pth')
    runner = run(tmp_path / 'new', load_from=str(tmp_path / 'weights.pth'), resume=True)
    with pytest.raises(ValueError, match='weights without meta, message_hub, optimizer'):
        runner.train()


def test_a_checkpoint_of_mmengines_own_hook_can_be_resumed_and_tested(tmp_path):
    hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
    run(tmp_path, default_hooks=hooks).train()
    path = str(tmp_path / 'epoch_1.pth')
    assert run(tmp_path / 'test', load_from=path).test() == {'count': 8}
    resumed = run(tmp_path / 'more', 2, load_from=path, resume=True)
    resumed.train()
    assert resumed.iter == 4
    assert len(resumed.message_hub.get_scalar('train/loss').data[0]) == 4


def test_the_tools_compare_whatever_hooks_a_config_names(tmp_path):
    cfg = Config.fromfile(Path(__file__).parents[2] / 'data/tiny_drop.py')
    del cfg.default_hooks['checkpoint_fit']
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f'fit_{next(NUMBERS)}'
    cfg.load_from = str(tmp_path / 'x.pth')
    torch.save({'conv1.weight': torch.ones(3)}, cfg.load_from)
    with pytest.raises(ValueError, match=r'x\.pth: the checkpoint does not fit'):
        build_runner(cfg).test()


def test_a_file_that_holds_a_list_is_refused_by_its_name(tmp_path):
    torch.save([torch.ones(1)], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match=r'list\.pth: there is no state dict in it, but a list'):
        run(tmp_path / 'test', load_from=str(tmp_path / 'list.pth')).test()
