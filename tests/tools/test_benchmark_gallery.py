import csv
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from mmdrop.apis import EmbeddingSet

ROOT = Path(__file__).parents[2]
pytest.importorskip('faiss')
sys.path.append(str(ROOT / 'tools/benchmarks'))
tool = import_module('benchmark_gallery')


def make_set(number, seed):
    generator = torch.Generator().manual_seed(seed)
    return EmbeddingSet(
        [str(i) for i in range(number)],
        torch.randn(number, 3, 8, generator=generator),
        torch.rand(number, 3, generator=generator) < 0.7,
        ('global', 'foreground', 'part_1'),
    )


def test_distractors_are_mixed_of_images():
    values, visible = make_set(30, 0).select(tool.RULE)
    made, shown = tool.make_distractors(values, visible, 50)
    assert made.shape == (50, 2, 8) and shown.shape == (50, 2)
    for column in range(2):
        seen = values[visible[:, column], column]
        assert all((row == seen).all(1).any() for row in made[:, column])


@pytest.mark.slow
def test_a_line_is_written(tmp_path):
    for name, number in (('gallery', 60), ('query', 5)):
        make_set(number, number).save(tmp_path / f'{name}.safetensors')
    arguments = [
        'gallery.safetensors',
        'query.safetensors',
        '--distractors',
        '500',
        '--out',
        'a.csv',
    ]
    done = subprocess.run(
        [sys.executable, tool.__file__, *arguments], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    [row] = csv.DictReader((tmp_path / 'a.csv').open())
    assert (row['gallery'], row['patterns'], float(row['recall_10_squared'])) == ('560', '4', 1)
    assert 0.5 <= float(row['recall_10_paper']) <= 1
