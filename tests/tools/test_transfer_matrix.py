import csv
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmdrop.registry import MODELS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'study'))  # the tools are scripts, not a package
_TOOLS = ('transfer_matrix', 'matrix_report', 'model_cost', 'study_figure')
transfer_matrix, matrix_report, model_cost, study_figure = map(import_module, _TOOLS)
TINY = ROOT / 'tests' / 'data' / 'tiny_drop.py'

# A stand-in of tools/test.py that keeps its arguments; Rank-1 is the length of the checkpoint.
TEST = """
import json, sys
from pathlib import Path

_, config, checkpoint, _, test_set, _, folder = sys.argv
with open(Path(folder).parents[2] / 'calls.txt', 'a') as file:
    print(f'{Path(checkpoint).name} {test_set.partition("=")[0]}', file=file)
if 'broken' in test_set:
    sys.exit('there is no such image')
scores = {'reid/Rank-1': Path(checkpoint).stat().st_size, 'reid/mAP': 30.0, 'reid/G/Rank-1': 1.0}
out = Path(folder, '2026')
out.mkdir(parents=True)
(out / '2026.json').write_text(json.dumps(scores | {'reid/mINP': 5.0, 'time': 0.1}))
"""


@pytest.fixture
def matrix(tmp_path):
    """Function that fills a matrix of two checkpoints; gives its status and the calls so far."""
    (tmp_path / 'test.py').write_text(TEST)
    out = tmp_path / 'out'
    for name in ('one', 'two'):
        (tmp_path / name).write_bytes(b'x' * (10 if name == 'one' else 20))
    (tmp_path / 'other.py').write_text(
        'test_dataloader = dict(dataset=dict(type="SyntheticReID", split="test", seed=7))'
    )

    def fill(*sets, models=('one', 'two'), options=()):
        rows = [x for name in models for x in ('--model', name, str(TINY), str(tmp_path / name))]
        arguments = [*rows, '--sets', *sets, '--out', str(out), '--repeats', '1', *options]
        status = transfer_matrix.main(arguments, tmp_path / 'test.py')
        calls = out / 'calls.txt'
        return status, calls.read_text().splitlines() if calls.exists() else []

    fill.out, fill.own, fill.other = out, f'own={TINY}', f'other={tmp_path / "other.py"}'
    return fill


def test_every_model_is_tested_on_every_set_and_what_was_trained_on_is_marked(matrix):
    status, calls = matrix(matrix.own, matrix.other)
    assert (status, calls) == (0, ['one own', 'one other', 'two own', 'two other'])
    lines = list(csv.DictReader((matrix.out / 'matrix.csv').open()))
    assert [(x['model'], x['set'], x['seen'], x['Rank-1']) for x in lines] == [
        ('one', 'own', 'yes', '10'),
        ('one', 'other', 'no', '10'),
        ('two', 'own', 'yes', '20'),
        ('two', 'other', 'no', '20'),
    ]
    assert float(lines[0]['ms']) > 0 and float(lines[0]['images_per_s']) > 0
    text = (matrix.out / 'matrix.md').read_text()
    assert '| one | 10.0 / 30.0* | 10.0 / 30.0 | 0.01 |' in text
    assert (matrix.out / 'matrix.png').read_bytes().startswith(b'\x89PNG')


def test_what_has_been_tested_is_not_tested_again(matrix, capsys):
    _, calls = matrix(matrix.own)
    cost = (matrix.out / 'one' / 'cost.json').read_text()
    status, calls = matrix(matrix.own, matrix.other)
    assert (status, calls) == (0, ['one own', 'two own', 'one other', 'two other'])
    assert (matrix.out / 'one' / 'cost.json').read_text() == cost
    printed = capsys.readouterr().out
    assert '[1/4] one on own: Rank-1 10.0 mAP 30.0 (known)' in printed
    assert '[2/4] one on other: Rank-1 10.0 mAP 30.0\n' in printed
    assert matrix(matrix.other, options=('--report-only',)) == (0, calls)
    assert {x['set'] for x in csv.DictReader((matrix.out / 'matrix.csv').open())} == {'other'}


def test_another_checkpoint_or_test_is_tested_anew(matrix, tmp_path):
    _, calls = matrix(matrix.other)
    (tmp_path / 'one').write_bytes(b'y' * 10)
    _, calls = matrix(matrix.other)
    assert calls == ['one other', 'two other', 'one other']
    text = (tmp_path / 'other.py').read_text().replace('seed=7', 'seed=8')
    (tmp_path / 'other.py').write_text(text)
    assert matrix(matrix.other)[1] == [*calls, 'one other', 'two other']


def test_a_failing_test_is_reported_and_the_others_go_on(matrix, capsys):
    status, calls = matrix(f'broken={TINY}', matrix.own, models=('one',))
    assert (status, calls) == (1, ['one broken', 'one own'])
    printed = capsys.readouterr().out
    assert 'there is no such image' in printed
    assert '1 of 2 tests are not done: one on broken' in printed
    assert '| one | – | 10.0 / 30.0* |' in (matrix.out / 'matrix.md').read_text()


def test_a_folder_stands_for_its_last_checkpoint(matrix, tmp_path):
    (tmp_path / 'run').mkdir()
    for epoch in (1, 2):
        (tmp_path / 'run' / f'epoch_{epoch}.pth').write_bytes(b'x' * epoch)
    assert matrix(matrix.own, models=('run',)) == (0, ['epoch_2.pth own'])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--model', 'a', str(TINY), 'nowhere.pth', '--sets', f'own={TINY}'], 'nowhere.pth is no'),
        (
            ['--model', 'a', str(TINY), str(TINY), '--sets', 'night'],
            '--on takes each of market1501',
        ),
        (
            ['--model', 'a', 'nowhere.py', str(TINY), '--sets', 'market1501'],
            'neither a config file',
        ),
        (['--model', 'a/b', str(TINY), str(TINY), '--sets', 'market1501'], 'name of its own'),
        (['--model', 'a', str(TINY), str(TINY), '--sets', 'x=1', 'x=2'], "name of its own.*'x'"),
    ],
)
def test_wrong_arguments_are_named_before_any_test(tmp_path, capsys, arguments, message):
    try:
        status = transfer_matrix.main([*arguments, '--out', str(tmp_path)], tmp_path / 'none.py')
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    assert status and message.partition('.*')[0] in printed.out + printed.err
    assert not list(tmp_path.iterdir())


def make_row(model, test_set, rank1, seen):
    cost = dict(parameters_m=1.234, size_mb=5.06, ms=7.0, images_per_s=99.6, batch_size=32)
    scores = {'Rank-1': rank1, 'mAP': rank1 / 2}
    return dict(model=model, set=test_set, seen=seen, hardware='a CPU') | scores | cost


ROWS = [
    make_row('a', 'x', 80.0, True),
    make_row('a', 'y', 20.0, False),
    make_row('b', 'y', 30.0, True),
]


def test_the_table_has_a_line_for_each_model_and_a_column_for_each_set():
    assert matrix_report.to_cells(ROWS, ['y', 'x'], ['mAP']) == [
        ['model', 'y', 'x', 'parameters (M)', 'size (MB)', 'ms', 'images/s'],
        ['a', '10.0', '40.0*', '1.23', '5.1', '7.0', '100'],
        ['b', '15.0*', '–', '1.23', '5.1', '7.0', '100'],
    ]


def test_the_heat_map_shows_every_score_and_frames_what_was_trained_on(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(study_figure.pyplot, 'close', figures.append)
    matrix_report.draw_matrix(ROWS, ['x', 'y'], ['Rank-1', 'mAP'], tmp_path / 'matrix.png')
    for axes, factor in zip(figures[0].axes, (1, 0.5), strict=True):
        texts = {text.get_position(): text.get_text() for text in axes.texts}
        scores = {(0, 0): 80, (1, 0): 20, (1, 1): 30}
        expected = {place: f'{score * factor:.1f}' for place, score in scores.items()}
        assert texts == expected | {(0, 1): '–'}
        centres = {(round(p.get_x() + 0.46), round(p.get_y() + 0.44)) for p in axes.patches}
        assert centres == {(0, 0), (1, 1)}


def test_the_cost_counts_weights_and_time():
    cfg = Config.fromfile(TINY)
    cost = model_cost.measure_cost(cfg, batch_size=4, repeats=2)
    model = MODELS.build(cfg.model)
    numbers = sum(p.numel() for p in model.parameters())
    assert cost['parameters_m'] == numbers / 1e6
    # Four bytes a weight, and the statistics of batch norm
    assert 4 * numbers / 1e6 < cost['size_mb'] < 6 * numbers / 1e6
    assert (cost['height'], cost['width'], cost['batch_size']) == (64, 32, 4)
    assert cost['ms'] > 0 and cost['images_per_s'] > 0


@pytest.mark.slow
def test_a_cell_is_the_test_of_that_model_on_that_set(tmp_path):
    cfg = Config.fromfile(TINY)
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'model.pth')
    tool, checkpoint = ROOT / 'tools/study/transfer_matrix.py', tmp_path / 'model.pth'
    arguments = ['--model', 'tiny', TINY, checkpoint, '--sets', f'own={TINY}', '--out', tmp_path]
    done = subprocess.run(
        [sys.executable, tool, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cfg.work_dir, cfg.load_from = str(tmp_path / 'work'), str(checkpoint)
    cfg.experiment_name = 'transfer_matrix'  # a name shares one log history
    metrics = Runner.from_cfg(cfg).test()
    kept = json.loads((tmp_path / 'tiny/own/result.json').read_text())
    assert kept['mAP'] == pytest.approx(metrics['reid/mAP'], abs=1e-3)
