import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn

from mmdrop.engine import sync_batch_norm
from mmdrop.models import PartMemoryBank

ROOT = Path(__file__).parents[3]
TINY = str(ROOT / 'tests' / 'data' / 'tiny_drop.py')
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT))


def synchronise(rank, folder):
    store = f'file://{folder}/store'
    dist.init_process_group('gloo', init_method=store, rank=rank, world_size=2)
    model = nn.Sequential(nn.BatchNorm1d(1), nn.BatchNorm2d(1, track_running_stats=False))
    model.bank = PartMemoryBank()
    model.bank.pids = torch.tensor([rank, 7])
    model[0].running_mean.fill_(1.0 + 2 * rank)
    model[0].running_var.fill_(4.0 + 4 * rank)
    sync_batch_norm(model)
    torch.save(model.state_dict(), f'{folder}/{rank}.pt')
    dist.destroy_process_group()


def test_processes_share_the_mean_of_their_statistics_and_no_other_buffer(tmp_path):
    torch.multiprocessing.spawn(synchronise, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        state = torch.load(tmp_path / f'{rank}.pt')
        # means 1 and 3, variances 4 and 8
        assert (state['0.running_mean'].item(), state['0.running_var'].item()) == (2, 6)
        assert state['bank.pids'].tolist() == [rank, 7]


def run(*arguments):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r'reid/mAP: ([\d.]+)', done.stdout + done.stderr)


@pytest.mark.slow
def test_two_processes_validate_the_model_that_they_save(tmp_path):
    launch = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2']
    work_dir = ['--work-dir', str(tmp_path)]
    once = ['--cfg-options', 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1']
    train, test = (str(ROOT / 'tools' / f'{name}.py') for name in ('train', 'test'))
    logged = run(*launch, train, TINY, *work_dir, '--launcher', 'pytorch', *once)
    assert logged == run(test, TINY, str(tmp_path / 'epoch_1.pth'), *work_dir)
