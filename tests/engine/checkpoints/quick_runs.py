"""Trainings of one weight that take a tenth of a second, and score what they are told to."""

import itertools
import os
from pathlib import Path

import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import DataLoader

from mmdrop.engine import PlainCheckpointHook

NUMBERS = itertools.count()
SCORES = {1: 10.0, 2: 30.0, 3: 20.0, 4: 25.0}


class Slope(BaseModel):
    """A model of one weight and one buffer."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.register_buffer('steps', torch.zeros(()))

    def forward(self, inputs, mode='tensor'):
        if mode != 'loss':
            return [BaseDataElement()]
        self.steps += 1
        return dict(loss_fit=(self.weight * inputs.mean() - 3) ** 2)


class ScoreOfTheEpoch(BaseMetric):
    """The score that ``SCORES`` has for the number of epochs that the weights have seen."""

    default_prefix = 'reid'

    def __init__(self, model):
        super().__init__()
        self.model = model

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(mAP=SCORES[int(self.model.steps) // 3])


def runner(work_dir, resume=False, max_epochs=2, keep=1, metric=ScoreOfTheEpoch, **kwargs):
    """Runner of three iterations an epoch, which validates after each."""
    model = Slope()
    loader = DataLoader([dict(inputs=torch.ones(1))] * 6, batch_size=2)
    hook = dict(type=PlainCheckpointHook, interval=1, max_keep_ckpts=keep, save_best='reid/mAP')
    settings = dict(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs, val_interval=1),
        val_dataloader=DataLoader([dict(inputs=torch.ones(1))]),
        val_cfg=dict(),
        val_evaluator=Evaluator(metric(model)),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
        default_hooks=dict(checkpoint=hook),
        default_scope='mmdrop',
        log_level='ERROR',
        resume=resume,
        experiment_name=f'killed_{next(NUMBERS)}_{os.getpid()}',
    )
    return Runner(**(settings | kwargs))


def state(folder):
    """What a training left: its files, and all but the times in its last checkpoint."""
    checkpoints = sorted(path.name for path in folder.glob('*.pth'))
    hidden = sorted(path.name for path in folder.glob('.*'))
    name = (folder / 'last_checkpoint').read_text()
    last = torch.load(folder / name, weights_only=True)
    scalars = last['message_hub']['log_scalars']
    info = last['message_hub']['runtime_info']
    return dict(
        files=checkpoints + hidden,
        marked=name,
        weights={name: float(value) for name, value in last['state_dict'].items()},
        moments=[float(value) for value in last['optimizer']['state'][0].values()],
        scores=scalars['val/reid/mAP']['history'].tolist(),
        losses=scalars['train/loss']['history'].tolist(),
        best=(info['best_score'], Path(info['best_ckpt']).relative_to(folder).name),
        best_weights=float(torch.load(info['best_ckpt'], weights_only=True)['state_dict']['steps']),
    )


def log(folder):
    """All that trainings in a work dir logged."""
    return '\n'.join(path.read_text() for path in sorted(folder.glob('*/*.log')))
