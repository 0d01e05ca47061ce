import csv
import runpy
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdrop.registry import MODELS

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'tests' / 'data' / 'tiny_drop.py'
TOOL = str(ROOT / 'tools' / 'analysis' / 'check_metric.py')
sys.path.append(str(ROOT / 'tools' / 'analysis'))
slow = import_module('slow_metric')


def hand_made_sides():
    """Two queries and four gallery images with a foreground and one part, all on the unit circle.

    An angle α lies 2 sin(α/2) from 0°: 60° 1, 90° √2 = 1.41, 180° 2, 0° 0. Lengths do not matter,
    so query 0 is stretched. Columns: foreground, part.

                 foreground   part   part visible   pid  camid
        query 0      0°        0°        yes         1     0
        query 1      0°        0°        no          2     0
        image 0     60°       60°        yes         1     0
        image 1     90°        0°        yes         0     1
        image 2     60°      180°        yes         1     1
        image 3     60°      180°        no          1     1
    """

    def side(foreground, part, visible, pids, camids, length=1.0):
        angles = np.radians([foreground, part]).T  # (N, E)
        embeddings = length * np.stack([np.cos(angles), np.sin(angles)], -1)
        visibility = np.stack([np.ones(len(pids), bool), np.array(visible, bool)], 1)
        return slow.Side(slow.unit_vectors(embeddings), visibility, pids, camids)

    query = side([0, 0], [0, 0], [1, 0], [1, 2], [0, 0], length=3.0)
    gallery = side([60, 90, 60, 60], [60, 0, 180, 180], [1, 1, 1, 0], [1, 0, 1, 1], [0, 1, 1, 1])
    return query, gallery


def test_hand_made_gallery_of_the_slow_evaluation():
    query, gallery = hand_made_sides()
    both = [slow.slow_positions(query, gallery, [(0, 1), (1,)], i) for i in range(2)]
    # Query 0 by foreground and part: (1 + 1) / 2, (√2 + 0) / 2, (1 + 2) / 2, and 1 for image 3,
    # which shows no part. Order 1, 0, 3, 2; image 0 is junk, image 1 a distractor: the matches 3
    # and 2 have ranks 2 and 3. Query 1 shows no part: 1, √2, 1, 1, and has no match.
    distances, positions = both[0][0, 1]
    assert distances == pytest.approx([1, 0.5**0.5, 1.5, 1])
    assert positions == [2, 3]
    assert both[1][0, 1][0] == pytest.approx([1, 2**0.5, 1, 1])
    # By the part alone: 1, 0, 2, nothing. Order 1, 0, 2, 3, and again the ranks 2 and 3.
    distances, positions = both[0][1,]
    assert distances == pytest.approx([1, 0, 2, np.inf], abs=1e-7)

    assert positions == [2, 3]
    assert np.isinf(both[1][1,][0]).all()
    # AP = (1/2 + 2/3) / 2 = 7/12 and INP = 2/3 of query 0; query 1 is left out.
    figures = slow.figures_in_percent([x[0, 1][1] for x in both], (1, 2))
    expected = {'mAP': 700 / 12, 'mINP': 200 / 3, 'Rank-1': 0, 'Rank-2': 100}
    assert figures == pytest.approx(expected)


def test_hidden_parts_of_the_slow_evaluation_count_with_their_mean():
    query, gallery = hand_made_sides()
    # The part's distances 1, 0 and 2 have the mean 1, which image 3 gets for its hidden part.
    distances, positions = slow.slow_positions(query, gallery, [(0, 1)], 0, 'mean')[0, 1]
    assert distances == pytest.approx([1, 0.5**0.5, 1.5, 1])
    assert positions == [2, 3]
    distances, _ = slow.slow_positions(query, gallery, [(1,)], 0, 'mean')[1,]
    assert distances == pytest.approx([1, 0, 2, 1], abs=1e-7)
    # If image 2 is dropped it is 0.5, the mean of 1 and 0.
    dropped = gallery._replace(pids=[1, 0, -1, 1])
    distances, _ = slow.slow_positions(query, dropped, [(1,)], 0, 'mean')[1,]
    assert distances[[0, 1, 3]] == pytest.approx([1, 0, 0.5], abs=1e-7)
    # Query 1 shows no part.
    distances, _ = slow.slow_positions(query, gallery, [(1,)], 1, 'mean')[1,]
    assert np.isinf(distances).all()


def test_equal_distances_and_no_camera_in_the_slow_evaluation():
    distances = np.array([1.0, 0.5, 1.0, 0.5])
    # Order 1, 3, 0, 2 by index among equals; image 1 has pid −1 and is no rank.
    pids, camids = [5, -1, 7, 5], [-1, -1, -1, -1]
    assert slow.match_positions(distances, 5, -1, pids, camids) == [1, 2]
    assert slow.match_positions(distances, 7, -1, pids, camids) == [3]


def run_tool(monkeypatch, tmp_path, *arguments, options=()):
    cfg = Config.fromfile(TINY)
    init_default_scope('mmdrop')
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'untrained.pth')
    out = tmp_path / 'scores.csv'
    command = [TOOL, str(TINY), str(tmp_path / 'untrained.pth'), '--work-dir', str(tmp_path)]
    command += ['--out', str(out), *arguments, '--cfg-options', 'log_level=ERROR', *options]
    # An untrained parser is sure of no part; a name shares one log history.
    command += ['model.reid_head.visibility=argmax', f'experiment_name={tmp_path.name}']
    monkeypatch.setattr(sys, 'argv', command)
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(TOOL, run_name='__main__')
    with out.open() as file:
        return stop.value.code, list(csv.DictReader(file))


@pytest.mark.parametrize('hidden', ['skip', 'mean'])
def test_the_metric_agrees_with_the_slow_evaluation(hidden, monkeypatch, tmp_path):
    code, rows = run_tool(monkeypatch, tmp_path, options=[f'test_evaluator.hidden={hidden}'])
    assert code == 0
    # The config's row, 5 parts and 6 combinations of 5 figures each.
    assert len(rows) == 12 * 5
    assert all(float(row['difference']) < 1e-4 for row in rows)


def test_a_figure_that_differs_is_an_error(monkeypatch, tmp_path):
    figures = {'reid/mAP': 12.0}
    monkeypatch.setattr('mmdrop.evaluation.ReIDMetric.evaluate', lambda self, size: figures)
    assert run_tool(monkeypatch, tmp_path, '--limit-queries', '2')[0] == 1
