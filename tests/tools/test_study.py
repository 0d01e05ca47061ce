import csv
import fcntl
import json
import multiprocessing
import re
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmdrop.registry import DATASETS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'study'))  # the tools are scripts, not a package
_TOOLS = ('run_study', 'study_figure', 'study_process', 'study_report', 'study_training')
run_study, study_figure, study_process, study_report, study_training = map(import_module, _TOOLS)
training_curves, update_results = map(import_module, ('training_curves', 'update_results'))
TINY = ROOT / 'tests' / 'data' / 'tiny_drop.py'


def run_test(work_dir, sets=None, **dataset):
    """Metrics of a fresh model, whose weights depend on the seed alone."""
    cfg = Config.fromfile(TINY)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'study_{work_dir.name}'  # a name shares one log history
    cfg.test_dataloader.dataset.update(dataset)
    cfg.default_hooks.ranking.update(num_queries=1, topk=2)
    if sets is not None:
        cfg.test_cfg = dict(type='MultiSetTestLoop', sets=sets)
    runner = Runner.from_cfg(cfg)
    return runner, runner.test()


@pytest.fixture(scope='module')
def two_sets(tmp_path_factory):
    """Runner, metrics and work dir of a test of a set of four people and one of six."""
    work_dir = tmp_path_factory.mktemp('two_sets')
    other = Config.fromfile(TINY).test_dataloader
    other.update(num_workers=1, persistent_workers=True)
    other.dataset.num_identities = 6
    return *run_test(work_dir, dict(pasted=other)), work_dir


def test_two_sets_score_as_two_tests_of_one_set_each(two_sets, tmp_path):
    _, metrics, _ = two_sets
    _, clean = run_test(tmp_path / 'clean')
    _, pasted = run_test(tmp_path / 'pasted', num_identities=6)
    assert clean['reid/mAP'] != pasted['reid/mAP']
    assert metrics == clean | {f'pasted/{key}': value for key, value in pasted.items()}


def test_the_json_of_a_test_holds_every_set_and_the_log_names_it(two_sets):
    _, metrics, work_dir = two_sets
    (path,) = work_dir.glob('*/*.json')
    assert metrics.items() <= json.loads(path.read_text()).items()
    (log,) = work_dir.glob('*/*.log')
    assert 'Test set pasted: 28 images' in log.read_text()  # 6 people and a distractor × 4


def test_each_set_keeps_its_pictures(two_sets):
    _, _, work_dir = two_sets
    (folder,) = work_dir.glob('*/vis_data/vis_image')
    names = {str(path.relative_to(folder)) for path in folder.rglob('*.png')}
    assert names == {
        f'{place}{kind}_test_0.png' for place in ('', 'pasted/') for kind in ('ranking', 'parsing')
    }


def test_the_main_set_is_back_after_a_test(two_sets):
    runner, _, _ = two_sets
    assert len(runner.test_dataloader.dataset) == 20
    assert runner.test_evaluator.metrics[0].prefix == 'reid'
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        ('reid/mAP', ('', '', 'mAP')),
        ('reid/G+F/Rank-1', ('', 'G+F', 'Rank-1')),
        ('reid/k=5+6/mINP', ('', 'k=5+6', 'mINP')),
        ('pasted/reid/mAP', ('pasted', '', 'mAP')),
        ('pasted/reid/part_1/Rank-10', ('pasted', 'part_1', 'Rank-10')),
        ('reid/reid/mAP', ('reid', '', 'mAP')),
        ('time', ('', '', 'time')),
    ],
)
def test_metric_names_are_split_into_set_embeddings_and_figure(key, expected):
    assert study_report.split_metric_name(key) == expected


def result(recipe, seed, rank1, **metrics):
    metrics = {'reid/Rank-1': rank1, 'reid/mAP': rank1 / 2} | metrics
    return dict(recipe=recipe, seed=seed, embeddings='F+P', metrics=metrics, torch='2.9')


# drop: mean 53, sample variance (9 + 1 + 16) / 2 = 13. global: mean 51, variance (1 + 1) / 1 = 2.
RESULTS = [
    result('drop', 0, 50.0, **{'pasted/reid/mAP': 20.0, 'reid/part_1/mAP': 7.0}),
    result('drop', 1, 52.0),
    result('drop', 2, 57.0),
    result('global', 0, 50.0),
    result('global', 1, 52.0),
]


def test_the_csv_file_has_a_line_for_each_seed_set_and_row_of_embeddings(tmp_path):
    rows = study_report.make_rows(RESULTS)
    study_report.write_csv(rows, tmp_path / 'study.csv')
    lines = list(csv.DictReader((tmp_path / 'study.csv').open()))
    assert len(lines) == 5 + 2
    assert [(line['set'], line['embeddings'], line['mAP']) for line in lines[:3]] == [
        ('clean', 'F+P', '25.0'),
        ('pasted', 'F+P', '20.0'),
        ('clean', 'part_1', '7.0'),
    ]
    again = study_report.read_csv(tmp_path / 'study.csv')
    assert study_report.table(again) == study_report.table(rows)
    assert not list(tmp_path.glob('.*'))


def test_a_table_gives_mean_and_sample_deviation_over_seeds():
    rows = study_report.make_rows(RESULTS)
    table = study_report.table(rows, ['global', 'drop'])
    assert study_report.markdown_table(table).splitlines() == [
        '| recipe | seeds | Rank-1 clean | mAP clean | Rank-1 pasted | mAP pasted |',
        '| --- | ---: | ---: | ---: | ---: | ---: |',
        '| global | 2 | 51.0 ± 1.4 | 25.5 ± 0.7 | – | – |',
        '| drop | 3 | 53.0 ± 3.6 | 26.5 ± 1.8 | – | 20.0 |',
    ]
    of_part = study_report.table(rows, ['drop'], ['clean'], ['mAP'], 'part_1')
    assert of_part[1] == ['drop', '1', '7.0']


def test_a_recipe_with_seeds_of_two_commits_is_named():
    results = [dict(x, commit=c) for x, c in zip(RESULTS, ('a', 'a', 'b', 'a', 'a'), strict=True)]
    lines = study_report.mixtures(study_report.make_rows(results))
    assert lines == ['drop: seeds of different commit: a, b']


def test_the_report_prints_tables_and_comparisons_of_a_csv_file(tmp_path, monkeypatch, capsys):
    path = tmp_path / 'study.csv'
    study_report.write_csv(study_report.make_rows(RESULTS), path)

    def report(*options):
        monkeypatch.setattr(sys, 'argv', ['study_report.py', str(path), *options])
        study_report.main()
        return capsys.readouterr().out

    assert report('--set', 'clean', '--figures', 'mAP') == (
        'recipe  seeds  mAP clean\ndrop    3      26.5 ± 1.8\nglobal  2      25.5 ± 0.7\n'
    )
    assert '| drop | 3 | 53.0 ± 3.6 |' in report('--markdown', '--recipes', 'drop')
    assert 'drop 53.0 ± 3.6, global' in report('--compare', 'global', 'drop', '--set', 'clean')
    with pytest.raises(SystemExit):
        report('--recipes', 'dorp')
    assert 'holds no dorp' in capsys.readouterr().err


def test_a_comparison_pools_the_deviations():
    # (2 · 13 + 1 · 2) / 3 = 9.33, twice its root is 6.1.
    first, second = study_report.compare(
        study_report.make_rows(RESULTS), 'global', 'drop', 'clean'
    ).splitlines()
    assert first == (
        'clean Rank-1: drop 53.0 ± 3.6, global 51.0 ± 1.4: +2.0, '
        'within two pooled standard deviations (6.1)'
    )
    assert second.endswith('+1.0, within two pooled standard deviations (3.1)')
    apart = [result('a', 0, 50.0), result('b', 0, 58.0), result('b', 1, 60.0)]
    line = study_report.compare(study_report.make_rows(apart), 'a', 'b', 'clean').splitlines()[0]
    assert line.endswith('+9.0, more than two pooled standard deviations (2.8)')
    with pytest.raises(ValueError, match='no Rank-1 of c on clean'):
        study_report.compare(study_report.make_rows(apart), 'a', 'c', 'clean')


def test_the_figure_has_a_panel_for_each_set(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(study_figure.pyplot, 'close', figures.append)
    study_figure.draw(study_report.make_rows(RESULTS), tmp_path / 'study.png')
    assert (tmp_path / 'study.png').read_bytes().startswith(b'\x89PNG')
    panels = figures[0].axes
    assert [axes.get_title() for axes in panels] == ['Market-1501', 'Pasted-Market (proxy)']
    assert [bar.get_width() for bar in panels[0].patches] == [53.0, 51.0, 26.5, 25.5]


# Stand-ins of the tools: the first keeps its arguments, and ends or kills its parent if told to.
TRAIN = """
import os, signal, sys, time
from pathlib import Path

folder = Path(sys.argv[sys.argv.index('--work-dir') + 1])
out = folder.parents[1]
with open(out / 'calls.txt', 'a') as file:
    resume = ' --resume' if '--resume' in sys.argv else ''
    print(f'train {folder.parent.name} {folder.name}{resume}', file=file)
if 'broken' in sys.argv[1]:
    sys.exit('the learning rate is far too high')
(folder / 'epoch_1.pth').touch()
(folder / 'last_checkpoint').write_text('elsewhere/epoch_1.pth')
if (out / 'kill').exists():
    kind = (out / 'kill').read_text() or 'SIGTERM'
    (out / 'kill').unlink()
    os.kill(os.getppid(), signal.Signals[kind])
    for _ in range(3000):
        time.sleep(0.01)
        if (out / 'end').exists():
            break
    (out / 'survived').touch()
    sys.exit()
log = folder / '2026/vis_data'
log.mkdir(parents=True, exist_ok=True)
lines = '{"loss": 1.0, "time": 0.5}\\n{"reid/mAP": 1.0, "time": 9.0}\\n{"loss": 1.0, "ti'
(log / 'scalars.json').write_text(lines)  # a kill has cut the last one
"""
TEST = """
import json, sys
from pathlib import Path

folder = Path(sys.argv[sys.argv.index('--work-dir') + 1])
assert Path(sys.argv[2]) == folder.parent / 'epoch_1.pth' and '--table' in sys.argv
with open(folder.parents[2] / 'calls.txt', 'a') as file:
    print(f'test {folder.parents[1].name} {folder.parent.name}', file=file)
(folder / '2026').mkdir(parents=True)
seed = int(folder.parent.name[4:])
metrics = {'reid/Rank-1': 50.0 + seed, 'reid/mAP': 30.0, 'pasted/reid/mAP': 20.0, 'time': 0.1}
(folder / '2026/2026.json').write_text(json.dumps(metrics))
"""


@pytest.fixture
def study(tmp_path):
    """Function that runs a study of named recipes and returns its status and the calls so far."""
    (tmp_path / 'train.py').write_text(TRAIN)
    (tmp_path / 'test.py').write_text(TEST)
    out = tmp_path / 'out'
    out.mkdir()

    def run(*recipes, options=('--seeds', '0', '1'), content='train_cfg = dict(max_epochs=2)'):
        for name in recipes:
            text = f'train_dataloader = dict(batch_size=4)\n{content}'
            (tmp_path / f'{name}.py').write_text(text)
        paths = [str(tmp_path / f'{name}.py') for name in recipes]
        arguments = [*paths, '--out', str(out), *options]
        status = run_study.main(arguments, tmp_path / 'train.py', tmp_path / 'test.py')
        calls = out / 'calls.txt'
        return status, calls.read_text().splitlines() if calls.exists() else []

    run.out = out
    return run


def test_a_killed_study_ends_its_child_and_goes_on_at_the_next_start(study, capsys):
    (study.out / 'kill').touch()
    with pytest.raises(SystemExit, match='143'):
        study('a', 'b')
    assert study('a', 'b') == (
        0,
        ['train a seed0', 'train a seed0 --resume', 'test a seed0']
        + [
            f'{kind} {run}'
            for run in ('a seed1', 'b seed0', 'b seed1')
            for kind in ('train', 'test')
        ],
    )
    assert not (study.out / 'survived').exists()
    printed = capsys.readouterr().out
    assert '[2/4] a seed 1: Rank-1 51.0 mAP 30.0 (' in printed
    assert (study.out / 'study.png').exists()
    lines = list(csv.DictReader((study.out / 'study.csv').open()))
    assert len(lines) == 8
    assert lines[0]['images_per_second'] == '8.0'  # batches of 4 in half a second
    kept = json.loads((study.out / 'a/seed0/result.json').read_text())
    assert len(kept['commands']) == 3  # two trainings and a test


def test_what_is_done_is_not_done_again(study):
    _, calls = study('a')
    assert study('a') == (0, calls)
    assert study(options=('--report-only',)) == (0, calls)


def test_a_failing_run_is_reported_and_the_others_go_on(study, capsys):
    status, calls = study('broken', 'a', options=('--seeds', '3'))
    assert status == 1
    assert calls == ['train broken seed3', 'train a seed3', 'test a seed3']
    printed = capsys.readouterr().out
    assert 'the learning rate is far too high' in printed
    assert '1 of 2 runs are not done: broken seed 3' in printed


def test_a_changed_recipe_is_refused_and_a_changed_test_is_made_again(study, capsys):
    options = ('--seeds', '0')
    _, calls = study('a', options=options)
    assert study('a', options=options, content='train_cfg = dict(max_epochs=3)') == (1, calls)
    printed = capsys.readouterr().out
    begun = f'changed since {study.out / "a" / "seed0"} was begun'
    assert f'{begun}: train_cfg.max_epochs from 2 to 3' in printed
    content = 'train_cfg = dict(max_epochs=2)\nhelper = 1\ntest_cfg = dict(fp16=True)'
    assert study('a', options=options, content=content) == (0, [*calls, 'test a seed0'])
    (earlier,) = (study.out / 'a' / 'seed0').glob('result_*.json')  # and the first test is kept
    assert json.loads(earlier.read_text())['test_settings'] == {}


PROXY = """test_cfg = dict(sets=dict(pasted=dict(dataset=dict(occlusion=dict(seed=0)))))"""


@pytest.mark.parametrize('occlusion', [True, False])
def test_a_proxy_that_an_older_result_calls_occluded_is_todays_pasted(study, occlusion):
    content = f'train_cfg = dict(max_epochs=2)\n{PROXY}'
    _, calls = study('a', options=('--seeds', '0'), content=content)
    path = study.out / 'a/seed0/result.json'
    old = json.loads(path.read_text().replace('pasted', 'occluded'))
    if not occlusion:  # somebody's own set of that name, whose scores say nothing of the proxy
        del old['test_settings']['test_cfg']['sets']['occluded']['dataset']['occlusion']
    path.write_text(json.dumps(old))
    assert study(options=('--seeds', '0', '--report-only')) == (0, calls)
    sets = [line['set'] for line in csv.DictReader((study.out / 'study.csv').open())]
    assert sets == ['clean', 'pasted' if occlusion else 'occluded']
    more = [] if occlusion else ['test a seed0']
    assert study('a', options=('--seeds', '0'), content=content) == (0, calls + more)


def test_a_table_of_pasted_reads_the_rows_of_a_file_that_calls_them_occluded():
    rows = study_report.make_rows(RESULTS)
    old = [row | dict(set=row['set'].replace('pasted', 'occluded')) for row in rows]
    sets = ['clean', 'pasted']
    assert study_report.table(old, sets=sets) == study_report.table(rows, sets=sets)
    both = [*old, dict(rows[1], mAP=30.0)]  # a set that is called so is meant first
    assert study_report.values(both, 'drop', 'pasted', 'mAP') == [30.0]


def test_options_behind_a_file_do_not_replace_those_in_it(tmp_path):
    (tmp_path / 'form.txt').write_text('--cfg-options\na=1\n"b=(1,2)"\n')
    args = run_study.parse_args(['x.py', f'@{tmp_path / "form.txt"}', '--cfg-options', 'c=3'])
    assert args.cfg_options == ['a=1', 'b=(1,2)', 'c=3']


def test_options_can_stand_in_a_file_with_comments(study, tmp_path):
    (tmp_path / 'list.txt').write_text('# small ones\n\n--seeds 7  # lucky\n')
    status, calls = study('a', options=(f'@{tmp_path / "list.txt"}',))
    assert (status, calls) == (0, ['train a seed7', 'test a seed7'])


def test_two_studies_do_not_work_in_one_folder(study, capsys):
    folder = study.out / 'a' / 'seed0'
    folder.mkdir(parents=True)
    with open(folder / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert study('a') == (1, ['train a seed1', 'test a seed1'])
    lines = capsys.readouterr().out.splitlines()
    busy = [number for number, line in enumerate(lines) if 'another process works in' in line]
    assert busy == [0, 2]  # looked at once more when the others are done
    assert lines[-1] == '1 of 2 runs are not done: a seed 0 (under way elsewhere)'


@pytest.mark.parametrize('marked', ['', 'elsewhere/epoch_3.pth'])
def test_a_run_whose_marker_a_kill_spoilt_goes_on_from_its_newest_checkpoint(study, marked):
    folder = study.out / 'a' / 'seed0'
    folder.mkdir(parents=True)
    for number in (1, 9, 10):
        (folder / f'epoch_{number}.pth').touch()
    (folder / 'last_checkpoint').write_text(marked)
    assert study_process.last_checkpoint(folder) == folder / 'epoch_10.pth'
    (folder / 'epoch_10.pth').unlink()
    (folder / 'epoch_9.pth').unlink()
    assert study('a', options=('--seeds', '0'))[1][0] == 'train a seed0 --resume'
    (folder / 'last_checkpoint').unlink()
    assert study_process.last_checkpoint(folder) == folder / 'epoch_1.pth'
    (folder / 'epoch_1.pth').unlink()
    assert study_process.last_checkpoint(folder) is None


def test_a_damaged_file_is_named_and_the_other_runs_go_on(study, capsys):
    folder = study.out / 'a' / 'seed0'
    folder.mkdir(parents=True)
    (folder / 'settings.json').write_text('{"train_cfg')
    assert study('a') == (1, ['train a seed1', 'test a seed1'])
    assert f'FAILED, {folder}/settings.json is damaged' in capsys.readouterr().out
    (folder / 'result.json').write_text('{')
    assert study('a', options=('--report-only',))[0] == 1
    assert f'{folder}/result.json is damaged' in capsys.readouterr().out


def test_a_closed_terminal_ends_a_study_and_its_child(study):
    (study.out / 'kill').write_text('SIGHUP')
    with pytest.raises(SystemExit, match='129'):
        study('a')
    assert study('a', options=('--seeds', '0'))[1][1] == 'train a seed0 --resume'
    assert not (study.out / 'survived').exists()


def test_a_study_does_not_touch_a_run_whose_killed_study_left_it_training(study, tmp_path):
    (study.out / 'kill').write_text('SIGKILL')
    main = 'import sys; from pathlib import Path; import run_study'
    call = f'run_study.main(sys.argv[1:], Path({str(tmp_path / "train.py")!r}), None)'
    (tmp_path / 'a.py').write_text(
        'train_dataloader = dict(batch_size=4)\ntrain_cfg = dict(max_epochs=2)'
    )
    command = [sys.executable, '-c', f'{main}; {call}', str(tmp_path / 'a.py')]
    command += ['--out', str(study.out), '--seeds', '0']
    killed = subprocess.run(command, cwd=ROOT / 'tools/study', capture_output=True)
    assert killed.returncode == -9
    assert study('a', options=('--seeds', '0')) == (1, ['train a seed0'])
    (study.out / 'end').touch()  # the training may end now
    while not (study.out / 'survived').exists():
        time.sleep(0.05)
    status, calls = study('a', options=('--seeds', '0'))
    assert (status, calls) == (0, ['train a seed0', 'train a seed0 --resume', 'test a seed0'])


def test_parsing_is_scored_where_a_recipe_parses(study):
    content = 'model = dict(parsing_head=dict(num_parts=5))\ntest_evaluator = []'
    options = ('--seeds', '0')
    _, calls = study('a', options=options, content=content)
    options += ('--parsing',)
    status, more = study('a', options=options, content=content)
    assert (status, more) == (0, [*calls, 'test a seed0'])
    kept = json.loads((study.out / 'a/seed0/result.json').read_text())
    assert ' --table --parsing ' in kept['commands'][-1]
    assert study('a', options=options[:-1], content=content) == (0, more)  # nothing is lost
    _, more = study('b', options=options)
    assert more[-1] == 'test b seed0'
    kept = json.loads((study.out / 'b/seed0/result.json').read_text())
    assert '--parsing' not in kept['commands'][-1]


def test_figures_of_the_parsing_stand_beside_the_evaluators_own_row(tmp_path):
    metrics = {'reid/mAP': 30.0, 'reid/G/mAP': 20.0, 'parsing/mIoU': 60.0}
    metrics |= {'pasted/parsing/mIoU': 50.0, 'pasted/parsing/IoU_1': 40.0}
    result = dict(RESULTS[0], recipe='drop', seed=0, metrics=metrics)
    rows = study_report.make_rows([result])
    study_report.write_csv(rows, tmp_path / 'parsing.csv')
    again = study_report.read_csv(tmp_path / 'parsing.csv')
    assert [(row['set'], row.get('mAP'), row.get('mIoU')) for row in again] == [
        ('clean', 30.0, 60.0),
        ('clean', 20.0, None),
        ('pasted', None, 50.0),
    ]
    text = '<!-- study clean pasted mIoU parsing.csv\ndrop | all | –\n-->\n<!-- end -->'
    filled = update_results.fill(text, tmp_path / 'study.csv')
    header = '| row | Market-1501, mIoU | Pasted-Market (proxy), mIoU | seeds |'
    assert filled.splitlines()[4:7:2] == [header, '| all | 60.0 | 50.0 | 1 |']


def test_a_file_that_is_no_study_is_refused_with_what_is_missing(tmp_path):
    path = tmp_path / 'semicolons.csv'
    path.write_text('recipe;seed;set;embeddings\ndrop;0;clean;P\n')
    for text in (path.read_text(), '', 'recipe,seed\ndrop,0\n'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r'semicolons\.csv has no column .*set.*commas'):
            study_report.read_csv(path)


@pytest.mark.parametrize('tool', ['study_report', 'update_results', 'training_curves'])
def test_a_missing_file_is_one_line_of_error(tool, tmp_path):
    more = {'update_results': ['a.md'], 'training_curves': ['--recipes', 'drop']}.get(tool, [])
    command = [sys.executable, f'{ROOT}/tools/study/{tool}.py', 'gone.csv', *more]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode and 'error: ' in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr


def test_a_recipe_that_cannot_be_read_stops_a_study_before_its_first_run(tmp_path, capsys):
    (tmp_path / 'a.py').write_text('train_cfg = dict(max_epochs=2)')
    paths = [str(tmp_path / name) for name in ('a.py', 'gone.py')]
    assert run_study.main([*paths, '--out', str(tmp_path / 'out')]) == 1
    assert re.match(r'error: .*gone\.py', capsys.readouterr().out)
    assert not (tmp_path / 'out').exists()


def test_the_mean_of_both_recalls_is_worked_out_for_a_file_without_it(tmp_path):
    path = tmp_path / 'parsing.csv'
    recalls = [('80.0', '40.0', ''), ('90.0', '0.0', ''), ('90.0', '', ''), ('1.0', '2.0', '50.0')]
    lines = [f'drop,{seed},clean,P,{",".join(row)}' for seed, row in enumerate(recalls)]
    header = 'recipe,seed,set,embeddings,visible_recall,hidden_recall,balanced_recall'
    path.write_text('\n'.join([header, *lines]))
    rows = study_report.read_csv(path)
    assert study_report.values(rows, 'drop', 'clean', 'balanced_recall') == [60.0, 45.0, 50.0]
    assert [row.get('balanced_recall') for row in rows] == [60.0, 45.0, None, 50.0]


def test_keys_can_take_the_seed_too(study):
    content = 'train_dataloader.update(dataset=dict(draw=0))\ntest_dataloader = train_dataloader'
    keys = 'train_dataloader.dataset.draw', 'test_dataloader.dataset.draw'
    assert study('a', options=('--seeds', '3', '7', '--seeded', *keys), content=content)[0] == 0
    for seed in (3, 7):
        folder = study.out / 'a' / f'seed{seed}'
        kept = json.loads((folder / 'result.json').read_text())
        expected = [f'{key}={seed}' for key in ('randomness.seed', *keys)]
        assert kept['cfg_options'] == expected
        assert all(command.endswith(' '.join(expected)) for command in kept['commands'])
        settings = json.loads((folder / 'settings.json').read_text())
        assert settings['train_dataloader.dataset.draw'] == seed
        assert kept['test_settings']['test_dataloader']['dataset']['draw'] == seed
    rows = study_report.read_csv(study.out / 'study.csv')
    assert {row['seed'] for row in rows} == {3, 7} and not study_report.mixtures(rows)


def test_the_draws_of_occluded_reid_are_ten_halves_that_train_and_test(tmp_path):
    for folder in ('occluded_body_images', 'whole_body_images'):
        for pid in range(1, 201):
            path = tmp_path / f'{folder}/{pid:03}/{pid:03}_01.tif'
            path.parent.mkdir(parents=True)
            path.write_text(f'{folder} {pid}')
    args = run_study.parse_args([f'@{ROOT / "configs/study/occluded_reid_draws.txt"}'])
    assert args.seeds == [*range(10)]
    recipe = ROOT / args.recipes[0]
    halves = []
    for seed in (0, 9):
        run = study_training.Run(recipe, seed, args)
        pids = []
        for split in ('train', 'val', 'test'):
            dataset = run.cfg[f'{split}_dataloader'].dataset
            dataset.update(data_root=str(tmp_path), pipeline=[], lazy_init=True)
            built = DATASETS.build(dataset)
            pids.append({info['pid'] for info in built.load_data_list()})
        train, val, test = pids
        assert val == test and len(train) == len(test) == 100 and not train & test
        halves.append(train)
    assert halves[0] != halves[1]


def test_tables_of_a_text_are_filled_from_the_csv_file(tmp_path):
    path = tmp_path / 'study.csv'
    study_report.write_csv(study_report.make_rows(RESULTS), path)
    text = (
        'before\n<!-- study clean pasted\ndrop | all | 76.8 / 63.3\ndrop:part_1 | head | –\n'
        'unknown | other | –\n-->\nold\n<!-- end -->\nafter\n'
    )
    filled = update_results.fill(text, path)
    assert filled.splitlines()[7:12] == [
        '| row | paper | Market-1501 | Pasted-Market (proxy) | seeds |',
        '| --- | ---: | ---: | ---: | ---: |',
        '| all | 76.8 / 63.3 | 53.0 ± 3.6 / 26.5 ± 1.8 | – / 20.0 | 3 |',
        '| head | – | – / 7.0 | – | 1 |',
        '| other | – | not run | not run | 0 |',
    ]
    assert filled.startswith('before\n') and filled.endswith('<!-- end -->\nafter\n')
    assert update_results.fill(filled, path) == filled


def test_a_text_without_a_table_and_an_unknown_recipe_are_refused(tmp_path):
    path = tmp_path / 'study.csv'
    study_report.write_csv(study_report.make_rows(RESULTS), path)
    with pytest.raises(ValueError, match='no table'):
        update_results.fill('text', path)
    text = '<!-- study clean\ndorp | all | –\n-->\n<!-- end -->'
    with pytest.raises(ValueError, match=r'not test sets clean, .*, figures and one file'):
        update_results.fill('<!-- study clean mIOU\ndrop | all | –\n-->\n<!-- end -->', path)
    with pytest.raises(ValueError, match='dorp'):
        update_results.fill(text, path, recipes={'drop', 'global'})


def test_the_tables_in_the_docs_are_those_of_the_kept_csv_file():
    root = Path(__file__).parents[2]
    text = (root / 'docs/results.md').read_text()
    path = root / 'benchmarks/study/small.csv'
    recipes = {path.stem for path in (root / 'configs').rglob('*.py')}
    assert update_results.fill(text, path, recipes) == text


def test_a_matrix_of_models_by_test_sets_is_filled_from_its_file(tmp_path):
    (tmp_path / 'transfer.csv').write_text(
        'model,set,seen,Rank-1,mAP\na,market1501,yes,90.04,70.06\na,cuhk01,no,10.0,8.0\n'
        'b,cuhk01,no,11.0,9.0\n'
    )
    text = (
        '<!-- matrix transfer.csv market1501 cuhk01\nb | the second\na | the first\n-->\n'
        'old\n<!-- end -->'
    )
    filled = update_results.fill(text, tmp_path / 'study.csv')
    assert filled.splitlines()[5:9] == [
        '| model | Market-1501 | CUHK01 |',
        '| --- | ---: | ---: |',
        '| the second | – | 11.0 / 9.0 |',
        '| the first | 90.0 / 70.1* | 10.0 / 8.0 |',
    ]
    assert update_results.fill(filled, tmp_path / 'study.csv') == filled
    with pytest.raises(ValueError, match='and one file: market1501'):
        update_results.fill(text.replace(' transfer.csv', '').replace(' cuhk01', '', 1), tmp_path)


def test_training_curves_are_the_means_of_epochs(tmp_path):
    for seed, values in enumerate(([10.0, 20.0, 30.0, 50.0], [0.0, 10.0, 50.0, 50.0])):
        folder = tmp_path / 'drop' / f'seed{seed}'
        folder.mkdir(parents=True)
        scalars = {'train/acc_parsing': dict(history=torch.tensor(values))}
        content = dict(meta=dict(epoch=2, iter=4), message_hub=dict(log_scalars=scalars))
        torch.save(content, folder / 'epoch_2.pth')
        (folder / 'last_checkpoint').write_text('/elsewhere/epoch_2.pth')
    arguments = [str(tmp_path), '--recipes', 'drop', '--keys', 'acc_parsing']
    training_curves.main(arguments)
    lines = (tmp_path / 'curves.csv').read_text().splitlines()
    expected = ['drop,0,1,15.0', 'drop,0,2,40.0', 'drop,1,1,5.0', 'drop,1,2,50.0']
    assert lines == ['recipe,seed,epoch,acc_parsing', *expected]
    assert (tmp_path / 'curves.png').stat().st_size > 1000
    with pytest.raises(ValueError, match='logs no acc_id'):
        training_curves.main([*arguments[:-1], 'acc_id'])
    with pytest.raises(ValueError, match='no checkpoint of global'):
        training_curves.main([str(tmp_path), '--recipes', 'global'])
