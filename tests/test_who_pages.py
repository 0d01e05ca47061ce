"""The commands of docs/who, run as printed in a folder of rendered people."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from mmdrop.apis.command_line import main
from mmdrop.datasets import SyntheticReID

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / 'docs/who').glob('*.md'))
NAMES = ('anna', 'bert', 'carl')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """``people/NAME/*.jpg``, ``query.jpg`` of the first of them, ``queries/`` of all."""
    dataset = SyntheticReID('test', num_identities=3, images_per_identity=5, num_distractors=0)
    samples = [dataset[i] for i in range(15)]
    pids = sorted({sample['pid'] for sample in samples})
    (tmp_path / 'queries').mkdir()
    for pid, name in zip(pids, NAMES, strict=True):
        (tmp_path / 'people' / name).mkdir(parents=True)
        for i, sample in enumerate(s for s in samples if s['pid'] == pid):
            path = f'people/{name}/{i}.jpg' if i else f'queries/{name}.jpg'
            cv2.imwrite(str(tmp_path / path), sample['img'])
    (tmp_path / 'query.jpg').write_bytes((tmp_path / 'queries/anna.jpg').read_bytes())
    # What the pages for a model of one's own name, seen from a clone.
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(page):
    blocks = re.findall(r'```bash\n(.*?)```', page.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.slow
@pytest.mark.parametrize('page', PAGES, ids=lambda p: p.stem)
def test_commands_run_as_printed(page, folder, capsys):
    lines = commands(page)
    assert lines
    for line in lines:
        words = shlex.split(line)
        if words[0] == 'mmdrop':
            main(words[1:])
            assert capsys.readouterr().out
            continue
        assert words[:3] == ['mim', 'run', 'mmdrop']
        tool = next((ROOT / 'tools').rglob(f'{words[3]}.py'))
        done = subprocess.run([sys.executable, tool, *words[4:]], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
