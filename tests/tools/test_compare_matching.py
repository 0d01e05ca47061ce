import argparse
import csv
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmdrop.registry import MODELS

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'tests/data/tiny_drop.py'
sys.path.append(str(ROOT / 'tools/analysis'))
tool = import_module('compare_matching')


def sample(pid, camid, is_query, angles, scores):
    """Embeddings at angles to 0°, of a foreground and one part, visible from a score of 0.4."""
    radians = torch.deg2rad(torch.tensor(angles))
    scores = torch.tensor(scores)
    return dict(
        pid=pid,
        camid=camid,
        is_query=is_query,
        embeddings=torch.stack([radians.cos(), radians.sin()], 1),
        embedding_names=('foreground', 'part_1'),
        visibility=scores > 0.4,
        visibility_score=scores,
    )


# 60° are a distance of 1, 90° of √2 = 1.41, 180° of 2.
SAMPLES = [
    sample(1, 0, True, [0.0, 0.0], [0.9, 0.5]),
    sample(1, 1, False, [60.0, 180.0], [0.9, 0.3]),
    sample(2, 1, False, [90.0, 60.0], [0.9, 0.9]),
]


PLAIN = dict(
    embeddings=['foreground+parts'],
    visibility=None,
    graded=['no'],
    hidden=['skip'],
    squared=['no'],
    set=None,
)


@pytest.mark.parametrize(
    ('rule', 'rank_1'),
    [
        (dict(), 100),  # the right one's part is hidden: 1 against (1.41 + 1) / 2
        (dict(visibility=[0.2]), 0),  # now it shows: (1 + 2) / 2 against 1.21
        # By products of scores: (0.81 · 1 + 0.15 · 2) / 0.96 = 1.16 against (0.81 · 1.41 +
        # 0.45 · 1) / 1.26 = 1.27
        (dict(visibility=[0.2], graded=['yes']), 100),
        (dict(hidden=['2.0']), 0),  # what is hidden is two away: (1 + 2) / 2
        (dict(embeddings=['foreground']), 100),
        (dict(embeddings=['parts'], visibility=[0.2]), 0),  # 2 against 1
    ],
)
def test_a_hand_made_ranking_follows_the_rule(rule, rank_1):
    (row,) = tool.score_rules(argparse.Namespace(**PLAIN | rule), SAMPLES)
    assert (row['Rank-1'], row['mAP']) == (rank_1, 100 if rank_1 else 50)


def test_squares_weigh_what_differs_much():
    seen = [0.9, 0.9]
    samples = [
        sample(1, 0, True, [0.0, 0.0], seen),
        sample(1, 1, False, [60.0, 60.0], seen),  # at 1 in both: the mean is 1, of squares too
        sample(2, 1, False, [0.0, 120.0], seen),  # at 0 and √3: 0.87, of squares 1.5
    ]
    both = argparse.Namespace(**PLAIN | dict(squared=['no', 'yes']))
    assert [row['Rank-1'] for row in tool.score_rules(both, samples)] == [0, 100]


def test_every_combination_is_a_row():
    args = argparse.Namespace(
        embeddings=['foreground', 'parts'],
        visibility=[0.2, 0.4],
        graded=['no', 'yes'],
        hidden=['skip', 'mean', '1.0'],
        squared=['no', 'yes'],
        set='pasted',
    )
    rows = list(tool.score_rules(args, SAMPLES))
    assert len({tuple(row.values())[:6] for row in rows}) == len(rows) == 2 * 2 * 2 * 3 * 2
    assert {row['set'] for row in rows} == {'pasted'}


@pytest.mark.slow
def test_the_models_own_rule_has_the_scores_of_the_test(tmp_path):
    cfg = Config.fromfile(TINY)
    torch.manual_seed(0)
    checkpoint, out = tmp_path / 'model.pth', tmp_path / 'out.csv'
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), checkpoint)
    arguments = [tool.__file__, TINY, checkpoint, '--out', out, '--hidden', 'skip', 'mean']
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    own, mean = csv.DictReader(out.open())
    assert (own['visibility'], own['hidden'], mean['hidden']) == ('model', 'skip', 'mean')
    cfg.work_dir, cfg.load_from = str(tmp_path / 'work'), str(checkpoint)
    cfg.experiment_name = 'compare_matching'  # a name shares one log history
    metrics = Runner.from_cfg(cfg).test()
    scores = [float(own['Rank-1']), float(own['mAP'])]
    expected = [metrics['reid/Rank-1'], metrics['reid/mAP']]
    np.testing.assert_allclose(scores, expected, atol=0.01)
