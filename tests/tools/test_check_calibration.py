import csv
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from mmdrop.apis import Certainty, EmbeddingSet
from mmdrop.apis.calibrating import LabelledSet

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tools/analysis'))
tool = import_module('check_calibration')


def test_figures_of_a_hand_made_set():
    # Foregrounds at angles to the query; 60° is a distance of 1, 90° of √2, 180° of 2.
    radians = torch.deg2rad(torch.tensor([0.0, 60.0, 90.0, 180.0]))
    embedded = EmbeddingSet(
        names=list('abcd'),
        embeddings=torch.stack([radians.cos(), radians.sin()], 1)[:, None],
        visibility=torch.ones(4, 1, dtype=torch.bool),
        embedding_names=('foreground',),
    )
    labelled = LabelledSet(
        embedded,
        torch.tensor([1, 1, 1, 2]),
        torch.tensor([0, 1, 2, 1]),
        torch.tensor([True, False, False, False]),
    )
    # Log odds of 10 − 10 d: even at 1, −4.14 at √2, −10 at 2.
    certainty = Certainty(('foreground',), (10.0,), (-10.0,), (0.01, 0.001), (-5.0, -1.0), {})
    figures, reliability = tool.measure(certainty, labelled)
    assert (figures['genuine'], figures['impostor'], figures['shared']) == (2, 1, 1)
    assert figures['found at 1 %'] == 100 and figures['found at 0.1 %'] == 50
    assert figures['false matches at 1 %'] == 0
    # Half of all pairs are genuine: ¼ is said to be so with ½, ¼ with σ(−4.14) = 0.0157, ½ with
    # σ(−10) = 0.00005. The last two share a bin: said 0.0053, true ⅓.
    said = torch.tensor([0.0157, 0.00005]) @ torch.tensor([0.25, 0.5]) / 0.75
    expected = 0.25 * 0.5 + 0.75 * (1 / 3 - said.item())
    assert reliability.error == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_a_model_is_measured_under_several_rules(tmp_path):
    options = [
        'calibration_dataloaders.rendered.dataset.num_identities=20',
        'test_dataloader.dataset.num_identities=20',
    ]
    out, figure = tmp_path / 'a.csv', tmp_path / 'a.png'
    arguments = ['drop_demo', 'zoo://drop_demo', '--out', out, '--figure', figure]
    arguments += ['--rules', 'foreground+parts', 'global', '--cfg-options', *options]
    done = subprocess.run(
        [sys.executable, tool.__file__, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(out.open()))
    assert [row['rule'] for row in rows] == ['foreground+parts', 'global']
    assert all(0 <= float(row['ECE']) < 20 for row in rows) and figure.stat().st_size > 10_000
    assert 'found at 1 %' in done.stdout
