import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmdrop.models import PartMemoryBank, PCTLoss, SpatialSmoothedCELoss

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'tests' / 'data' / 'tiny_drop.py'
TRAIN = str(ROOT / 'tools' / 'train.py')
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT))


def train(work_dir, max_epochs, resume=False):
    """Train in this process and return the last checkpoint."""
    cfg = Config.fromfile(TINY)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{work_dir.name}_{max_epochs}'  # a name shares one log history
    cfg.train_cfg.max_epochs = max_epochs
    cfg.resume = resume
    cfg.log_level = 'ERROR'
    Runner.from_cfg(cfg).train()
    return torch.load(work_dir / f'epoch_{max_epochs}.pth', weights_only=True)


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = train(tmp_path / 'whole', 4)
    train(tmp_path / 'parts', 2)
    resumed = train(tmp_path / 'parts', 4, resume=True)
    equal = partial(torch.testing.assert_close, rtol=0, atol=0)
    equal(resumed['state_dict'], whole['state_dict'])
    equal(resumed['optimizer'], whole['optimizer'])
    assert resumed['param_schedulers'] == whole['param_schedulers']
    histories = [c['message_hub']['log_scalars']['train/loss']['history'] for c in (resumed, whole)]
    equal(*histories)
    assert resumed['state_dict']['reid_head.bank.pids'].numel() == 12  # 3 older batches of 4


def command(work_dir, *options):
    return [sys.executable, TRAIN, str(TINY), '--work-dir', str(work_dir), *options]


@pytest.mark.slow
@pytest.mark.parametrize('stop', [signal.SIGKILL, signal.SIGINT], ids=lambda s: s.name)
def test_a_run_stopped_in_the_middle_of_an_epoch_resumes_from_the_last_one(stop, tmp_path):
    process = subprocess.Popen(
        command(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
        # Background jobs of a shell ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    next(line for line in process.stdout if 'Epoch(train) [2][2/8]' in line)
    process.send_signal(stop)
    process.communicate(timeout=60)
    assert process.returncode != 0

    last = re.fullmatch(r'epoch_(\d)\.pth', (tmp_path / 'last_checkpoint').read_text())[1]
    options = ('--resume', '--cfg-options', 'train_cfg.max_epochs=3')
    resumed = subprocess.run(
        command(tmp_path, *options), capture_output=True, text=True, env=ENVIRONMENT, timeout=120
    )
    log = resumed.stdout + resumed.stderr
    assert resumed.returncode == 0, log
    assert f'resumed epoch: {last}, iter: {8 * int(last)}' in log
    assert f'Epoch(train) [{last}]' not in log and 'Epoch(train) [3][8/8]' in log
    assert (tmp_path / 'epoch_3.pth').is_file()


@pytest.mark.slow
def test_two_processes_on_a_cpu_train_and_evaluate_once(tmp_path):
    launch = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2']
    once = ('--cfg-options', 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1')
    arguments = command(tmp_path, '--launcher', 'pytorch', *once)[1:]
    done = subprocess.run(
        [sys.executable, *launch, *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=300,
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, log
    # 16 groups of 2 images in batches of 2 × 2 identities: 4 iterations.
    assert log.count('Epoch(train) [1][4/4]') == 1
    # 4 of 20 images are queries; neither process counts an image twice.
    assert '4 queries (0 without a match ignored), 16 gallery images' in log
    assert log.count('reid/mAP:') == 1
    assert (tmp_path / 'epoch_1.pth').is_file()


def pct_steps(rank, world_size):
    """Losses and gradients of three steps; process r of w sees the r-th share of each batch."""
    torch.manual_seed(0)
    layer = nn.Linear(5, 6)  # 2 parts of 3 channels
    model = DistributedDataParallel(layer) if world_size > 1 else layer
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    bank, part_loss = PartMemoryBank(num_batches=2), PCTLoss(margin=1.0)
    results = []
    for step in range(3):
        inputs, pids = torch.randn(8, 5), torch.arange(8) // 2 + step  # 4 identities × 2
        own = torch.arange(8).chunk(world_size)[rank]
        visible = torch.ones(len(own), 2, dtype=torch.bool)
        rows, row_pids, _, _ = bank(model(inputs[own]).unflatten(1, (2, 3)), pids[own], visible)
        loss = part_loss(rows, row_pids)
        optimizer.zero_grad()
        loss.backward()
        results.append((loss.detach(), layer.weight.grad.clone()))
        optimizer.step()
    return results


def pct_process(rank, folder):
    store = f'file://{folder}/store'
    dist.init_process_group('gloo', init_method=store, rank=rank, world_size=2)
    torch.save(pct_steps(rank, 2), f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.mark.slow
def test_pct_loss_of_two_processes_is_that_of_one_with_both_batches(tmp_path):
    torch.multiprocessing.spawn(pct_process, (str(tmp_path),), nprocs=2)
    one = pct_steps(0, 1)
    assert all(loss > 0 for loss, _ in one)
    for rank in range(2):
        torch.testing.assert_close(torch.load(tmp_path / f'{rank}.pt'), one)


def parsing_gradients(rank, world_size):
    """Gradient of the parsing loss; of two processes the second has a label of one image in two."""
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 3, 1)
    model = DistributedDataParallel(layer) if world_size > 1 else layer
    features, labels = torch.randn(4, 2, 5, 3), torch.randint(0, 3, (4, 5, 3))
    labels[3] = 255
    own = torch.arange(4).chunk(world_size)[rank]
    SpatialSmoothedCELoss()(model(features[own]), labels[own]).backward()
    first = [p.grad.clone() for p in layer.parameters()]
    labels[2:] = 255  # and now of none
    layer.zero_grad()
    SpatialSmoothedCELoss()(model(features[own]), labels[own]).backward()
    return first, [p.grad for p in layer.parameters()]


def parsing_process(rank, folder):
    store = f'file://{folder}/store'
    dist.init_process_group('gloo', init_method=store, rank=rank, world_size=2)
    torch.save(parsing_gradients(rank, 2), f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.mark.slow
def test_parsing_loss_of_two_processes_is_that_of_one_wherever_the_labels_are(tmp_path):
    torch.multiprocessing.spawn(parsing_process, (str(tmp_path),), nprocs=2)
    one = parsing_gradients(0, 1)
    for rank in range(2):
        torch.testing.assert_close(torch.load(tmp_path / f'{rank}.pt'), one)
