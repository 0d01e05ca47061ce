"""The three commands of docs/own_people.md, as they are printed, on people that are rendered."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import cv2
import pytest
import torch

from mmdrop.apis import ReIDInferencer
from mmdrop.datasets import SyntheticReID

ROOT = Path(__file__).parents[1]
COMMANDS = re.findall(r'^mim .*', (ROOT / 'docs/own_people.md').read_text(), re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    people = SyntheticReID('train', num_identities=6, images_per_identity=4)
    names = ('anna', 'bob', 'carol', 'dan', 'eve', 'fay')
    for i in range(len(people)):
        sample = people[i]
        path = tmp_path / f'people/{names[i // 4]}/{i % 4 + 1}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), sample['img'])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command, monkeypatch):
    """What mim does: find the tool, or the recipe, inside the package, and run it."""
    _, kind, _, name, *arguments = shlex.split(command)
    tool = 'train' if kind == 'train' else name
    (path,) = (ROOT / 'tools').rglob(f'{tool}.py')
    monkeypatch.setattr(sys, 'argv', [str(path), *([name] if kind == 'train' else []), *arguments])
    monkeypatch.setattr(sys, 'path', [str(path.parent), *sys.path])
    runpy.run_path(str(path), run_name='__main__')


@pytest.mark.slow
def test_three_commands_lead_from_a_folder_to_a_model(folder, monkeypatch, capsys):
    label, train, rank, *_ = COMMANDS
    assert ['make_parsing_labels' in label, ' train ' in train, 'rank_images' in rank] == [True] * 3
    run(label, monkeypatch)
    assert len([*(folder / 'people_labels').rglob('*.png')]) == 24
    run(train, monkeypatch)
    checkpoint = folder / 'work_dirs/mine/epoch_20.pth'
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    # Of six people five are four of five, rounded.
    assert state['reid_head.necks.id_global.classifier.weight'].shape[0] == 5
    started = ReIDInferencer('drop_demo', device='cpu').model.state_dict()
    change = {
        key: (state[key] - value).abs().max()
        for key, value in started.items()
        if key.startswith('backbone') and key.endswith('conv1.weight')
    }
    assert change and 0 < max(change.values()) < 0.2  # trained on, from these weights
    capsys.readouterr()
    run(rank, monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert 'people/anna/1.jpg' in lines
    ranked = [line for line in lines if re.match(r'  \d\.\d{3}  people/', line)]
    assert len(ranked) == 5 and not any('anna/1.jpg' in line for line in ranked)
    assert (folder / 'rankings/ranking_0.png').is_file()
