import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

from mmdrop.engine import BatchStreams

TINY = Path(__file__).parents[2] / 'data' / 'tiny_drop.py'
equal = partial(torch.testing.assert_close, rtol=0, atol=0)


def augmented(work_dir, max_epochs, num_workers=0, resume=False, persistent=True, **options):
    """Train the tiny DROP with the demo's augmentation and with drop path."""
    cfg = Config.fromfile(TINY)
    cfg.train_dataloader.dataset.pipeline = cfg.train_pipeline
    cfg.model.backbone.drop_path_rate = 0.3
    cfg.train_dataloader.num_workers = num_workers
    cfg.train_dataloader.persistent_workers = persistent and num_workers > 0
    cfg.train_cfg.update(max_epochs=max_epochs, val_interval=2)
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{work_dir.name}_{max_epochs}_{num_workers}_{resume}'
    cfg.resume, cfg.log_level = resume, 'ERROR'
    cfg.merge_from_dict(options)
    Runner.from_cfg(cfg).train()
    return torch.load(work_dir / f'epoch_{max_epochs}.pth', weights_only=True)


def losses(checkpoint):
    return checkpoint['message_hub']['log_scalars']['train/loss']['history']


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """A run of four epochs in one process."""
    return augmented(tmp_path_factory.mktemp('whole'), 4)


@pytest.mark.parametrize(('stop', 'num_workers'), [(1, 0), (2, 0), (3, 0), (1, 2), (2, 2)])
def test_a_run_resumed_after_any_epoch_equals_an_uninterrupted_one(
    stop, num_workers, whole, tmp_path
):
    augmented(tmp_path, stop, num_workers)
    resumed = augmented(tmp_path, 4, num_workers, resume=True)
    equal(resumed['state_dict'], whole['state_dict'])
    equal(resumed['optimizer'], whole['optimizer'])
    equal(losses(resumed), losses(whole))


def test_workers_that_end_with_each_epoch_draw_the_same(whole, tmp_path):
    equal(losses(augmented(tmp_path, 4, num_workers=1, persistent=False)), losses(whole))


def test_a_resumed_run_without_a_seed_takes_that_of_its_checkpoint(tmp_path):
    augmented(tmp_path / 'a', 3, randomness=dict(seed=None))
    first = torch.load(tmp_path / 'a' / 'epoch_1.pth', weights_only=True)
    (tmp_path / 'b').mkdir()
    torch.save(first, tmp_path / 'b' / 'epoch_1.pth')
    (tmp_path / 'b' / 'last_checkpoint').write_text(str(tmp_path / 'b' / 'epoch_1.pth'))
    resumed = augmented(tmp_path / 'b', 3, resume=True, randomness=dict(seed=None))
    equal(losses(resumed), losses(torch.load(tmp_path / 'a/epoch_3.pth', weights_only=True)))


class Draws(Dataset):
    """A sample is one number of each global generator."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return random.random(), np.random.random(), torch.rand(()).item()  # noqa: NPY002


def load(streams, epoch, num_workers=0, indices=range(8)):
    streams.set_epoch(epoch)
    loader = DataLoader(streams.dataset, 2, sampler=indices, num_workers=num_workers)
    return torch.cat([torch.stack(batch, 1) for batch in loader])  # (8, 3)


def make_streams(seed=0, rank=0):
    dataset = Draws()
    dataset.__getitems__ = BatchStreams(dataset, seed, rank)
    return dataset.__getitems__


def test_streams_differ_between_batches_epochs_ranks_and_seeds():
    streams = make_streams()
    drawn = [load(streams, 0), load(streams, 1), load(make_streams(rank=1), 0)]
    drawn.append(load(make_streams(seed=1), 0))
    assert len(torch.cat(drawn).flatten().unique()) == 4 * 8 * 3
    equal(load(make_streams(), 0), drawn[0])


def test_streams_do_not_depend_on_the_number_of_workers():
    alone = load(make_streams(), 3)
    for num_workers in (1, 2, 3):
        equal(load(make_streams(), 3, num_workers), alone)


def test_an_image_that_is_drawn_twice_is_augmented_twice():
    assert len(load(make_streams(), 0, indices=[5] * 8).flatten().unique()) == 24


def test_loading_in_the_same_process_leaves_the_streams_of_the_model_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    make_streams()([0, 1])
    equal(torch.rand(3), expected)


def test_a_data_set_that_loads_batches_itself_still_does():
    class Whole(Draws):
        def __getitems__(self, indices):
            return [('whole', index) for index in indices]

    assert BatchStreams(Whole(), 0, 0)([3, 4]) == [('whole', 3), ('whole', 4)]
