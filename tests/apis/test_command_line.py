"""The command `mmdrop`, as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from mmdrop.apis import EmbeddingSet, Gallery, ReIDInferencer, calibrate_model, pack_model
from mmdrop.apis.command_line import main
from mmdrop.apis.command_line.main import VERBS
from mmdrop.datasets import SyntheticReID
from mmdrop.engine import read_config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """The demo model in a file that says how sure it may be."""
    cfg = read_config('drop_demo')
    cfg.calibration_dataloaders.rendered.dataset.num_identities = 30
    file = tmp_path_factory.mktemp('model') / 'sure.safetensors'
    pack_model(cfg, 'zoo://drop_demo', file, calibration=calibrate_model(cfg, 'zoo://drop_demo'))
    return str(file)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """People of whom one is asked for, as the current folder."""
    dataset = SyntheticReID('test', num_identities=4, images_per_identity=6, num_distractors=0)
    asked = set()
    for i in range(24):
        sample = dataset[i]
        name = f'person {sample["pid"] % 10}'
        path = tmp_path / 'people' / name / f'{i}.png'
        if sample['is_query'] and name not in asked:
            asked.add(name)
            path = tmp_path / 'queries' / f'{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), sample['img'])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments):
    main(list(map(str, arguments)))
    return capsys.readouterr().out


def run_json(capsys, *arguments):
    return [json.loads(line) for line in run(capsys, *arguments, '--json').splitlines()]


def test_search_says_who_how_sure_and_why(capsys, folder, model):
    query = sorted((folder / 'queries').iterdir())[0]
    text = run(capsys, 'search', 'people', query, '--model', model, '--topk', 3)
    gallery = Gallery(ReIDInferencer(model, device='cpu'))
    gallery.add_folder('people')
    [result], [answer] = gallery.search(query, 3), gallery.identify(query)
    assert str(result) in text and str(answer) in text
    assert '4 people in 20 images' in text and 'picture: search.png' in text
    picture = cv2.imread('search.png')
    assert picture.shape[0] > 192 and picture.shape[1] > 4 * 96


def test_search_in_json(capsys, folder, model):
    options = ['--model', model, '--no-picture', '--topk', 2, '--per', 'person']
    lines = run_json(capsys, 'search', 'people', 'queries', *options)
    assert [line['query'] for line in lines] == [f'queries/person {i}.png' for i in range(1, 5)]
    assert all(len(line['hits']) == 2 for line in lines)
    hit = lines[0]['hits'][0]
    assert hit['parts'][0]['name'] == 'foreground' and 0 <= hit['probability'] <= 1
    assert not Path('search.png').exists()
    [legs] = run_json(
        capsys, 'search', 'people', 'queries/person 1.png', *options, '--parts', 'legs', 'head'
    )
    parts = legs['hits'][0]['parts']
    assert [part['name'] for part in parts] == ['part_1', 'part_4']
    [one] = run_json(capsys, 'search', 'people', 'queries', *options, '--fused')
    assert one['query'].endswith('and 3 more')


def test_a_gallery_is_kept(capsys, folder, model):
    options = ['queries', '--model', model, '--no-picture']
    first = run_json(capsys, 'search', 'people', *options, '--save', 'saved/people.safetensors')
    assert run_json(capsys, 'search', 'saved/people.safetensors', *options) == first
    other = ReIDInferencer(model, device='cpu')
    other.tag = other.tag.from_dict(other.tag.to_dict() | dict(weights='0' * 16))
    mixed = Gallery(other)
    mixed.add_folder('people')
    mixed.save('saved/other.safetensors')
    with pytest.raises(SystemExit, match=r'error: .*another model'):
        main(['search', 'saved/other.safetensors', *options])


def test_identify_names_or_does_not(capsys, folder, model):
    answers = run_json(capsys, 'identify', 'people', 'queries', '--model', model)
    assert [set(answer) for answer in answers] == [
        {'query', 'name', 'probability', 'unknown', 'hits'}
    ] * 4
    assert Path('identify.png').is_file()
    strict = run(capsys, 'identify', 'people', 'queries', '--model', model, '--least', 1.0)
    assert strict.count('unknown') == 4 and 'most likely person' in strict


def test_verify_compares_two_people(capsys, folder, model):
    people = sorted((folder / 'people').iterdir())
    one = run_json(capsys, 'verify', people[0], people[0], '--model', model)[0]
    two = run_json(capsys, 'verify', people[0], people[1], '--model', model)[0]
    assert one['same'] and not two['same'] and one['probability'] > 0.9
    text = run(capsys, 'verify', people[0], people[0], '--model', model, '--prior', 0.01)
    assert text.startswith('one person: P = ') and 'foreground' in text
    with pytest.raises(SystemExit, match='error: a false-match rate of 1e-09 was not measured'):
        main(['verify', *map(str, people[:2]), '--model', model, '--false-match-rate', '1e-9'])


def test_embed_writes_a_set(capsys, folder, model):
    (folder / 'people/bad.png').write_bytes(b'\x89PNG and no more')
    options = ['people', '--recursive', '--model', model, '--out', 'sets/a.safetensors']
    text = run(capsys, 'embed', *options)
    assert text.startswith('20 images, 7 embeddings of 128 numbers each, in sets/a.safetensors')
    assert 'left out: people/bad.png' in text
    assert len(EmbeddingSet.open('sets/a.safetensors')) == 20
    shown = run(capsys, 'embed', 'queries', '--model', model)
    assert shown.count('hides') + shown.count('shows every part') == 4
    lines = run_json(capsys, 'embed', 'queries', '--model', model)
    assert len(lines) == 4 and len(lines[0]['embeddings']) == 7
    assert lines[0]['visible']['foreground'] is True


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['search', 'nowhere', 'queries'], 'nowhere: there is no such folder'),
        (['search', 'people', 'gone.png'], 'gone.png'),
        (['search', 'queries/person 1.png', 'queries'], 'person 1.png: no gallery'),
        (['embed', 'queries', '--model', 'drop_lit'], 'drop_lit'),
        (['embed', 'empty'], 'empty: no image in this folder'),
    ],
)
def test_errors_are_one_line(folder, model, arguments, message):
    (folder / 'empty').mkdir()
    if '--model' not in arguments:
        arguments = [*arguments, '--model', model]
    with pytest.raises(SystemExit, match=f'^error: .*{message}') as error:
        main(arguments)
    assert '\n' not in str(error.value)


def test_the_demo_finds_most_of_those_it_hides(capsys, folder):
    lines = run_json(capsys, 'demo', '--out', 'shown', '--people', 6)
    assert len(lines) == 6 and Path('shown/search.png').is_file()
    assert len(list(Path('shown/people').iterdir())) == 6
    found = [line['hits'][0]['name'] == Path(line['query']).stem for line in lines]
    assert sum(found) >= 3


def test_help_is_a_page_one_can_work_from(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as ended:
            main([verb, '--help'])
        text = capsys.readouterr().out
        assert ended.value.code == 0 and f'    mmdrop {verb}' in text
        assert '--json' in text
    with pytest.raises(SystemExit):
        main(['--help'])
    text = capsys.readouterr().out
    assert all(verb in text for verb in (*VERBS, 'train', 'test'))
    with pytest.raises(SystemExit) as ended:
        main(['serch'])
    assert ended.value.code == 2


@pytest.mark.slow
def test_both_commands_are_one(folder, model):
    """As installed, as a script, and training and testing through the same command."""
    env = os.environ | {'PYTHONPATH': str(ROOT)}

    def call(*command):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    options = ['people', 'queries', '--model', model, '--json', '--no-picture']
    code = 'from mmdrop.apis.command_line import main; main()'
    script = call(sys.executable, ROOT / 'tools/search.py', *options)
    assert script == call(sys.executable, '-c', code, 'search', *options) and script
    assert '--resume' in call(sys.executable, '-c', code, 'train', '--help')
    assert 'checkpoint' in call(sys.executable, '-c', code, 'test', '--help')
