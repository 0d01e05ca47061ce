"""Learning rates that the schedules give, step by step."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import LinearLR
from torch import nn

CONFIGS = Path(__file__).parents[1] / 'configs'


def rates(schedulers, steps):
    """Factor of the learning rate in each step; epochs and iterations alike."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    built = []
    for scheduler in schedulers:
        arguments = dict(scheduler)
        built.append(arguments.pop('type')(optimizer, **arguments))
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in built:
            scheduler.step()
    return found


@pytest.mark.parametrize(
    ('path', 'start', 'length'),
    [
        ('_base_/schedules/adam_120e.py', 0.01, 10),
        ('_base_/schedules/adamw_120e.py', 0.01, 10),
        ('_base_/schedules/sgd_120e.py', 0.01, 20),
        ('drop_demo.py', 0.1, 30),
        ('drop_mobilenetv2_market1501.py', 0.01, 200),
        ('study/drop.py', 0.01, 50),
    ],
)
def test_a_warm_up_of_n_steps_has_n_steps_below_the_full_rate(path, start, length):
    warm_up = Config.fromfile(CONFIGS / path).param_scheduler[0]
    assert warm_up.type is LinearLR
    # Step s of 0 … n - 1 is a linear blend of start (at s = 0) and 1 (at s = n).
    expected = [start + (1 - start) * s / length for s in range(length)] + [1.0, 1.0, 1.0]
    assert rates([warm_up], length + 3) == pytest.approx(expected)


def test_the_papers_schedule_epoch_by_epoch():
    schedulers = Config.fromfile(CONFIGS / '_base_/schedules/adam_120e.py')
    found = rates(schedulers.param_scheduler, 120)
    # 0.01 + 0.99 · 9/10 = 0.901 in the tenth epoch; ×0.1 behind 40 and behind 70 epochs.
    assert [found[e] for e in (0, 9, 10, 39)] == pytest.approx([0.01, 0.901, 1, 1])
    assert [found[e] for e in (40, 69, 70, 119)] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_a_cosine_begins_at_the_full_rate():
    schedulers = Config.fromfile(CONFIGS / '_base_/schedules/adamw_120e.py')
    found = rates(schedulers.param_scheduler, 120)
    assert found[10] == max(found) == pytest.approx(1)
    assert found[9] == pytest.approx(0.901)
    # Half way, 55 of 110 epochs behind its begin, a cosine is at the middle of 1 and eta_min.
    assert found[65] == pytest.approx(0.5, abs=1e-5)
