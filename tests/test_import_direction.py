import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / 'mmdrop'
LEAVES = {'registry', 'structures', 'functional', 'utils'}
BELOW = {'engine': {'zoo'}, 'preparation': {'datasets', 'engine'}}  # rooms that stand on others
MAY_IMPORT_ALL = {'apis'}
FILES = sorted(p for p in ROOT.rglob('*.py') if not {'configs', '.mim'} & set(p.parts))


def mmdrop_imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or '']
            if node.module == 'mmdrop':
                names = [f'mmdrop.{alias.name}' for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split('.')[1] for name in names if name.startswith('mmdrop.'))


@pytest.mark.parametrize('path', FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_siblings_do_not_import_each_other(path):
    here = path.relative_to(ROOT).with_suffix('').parts[0]
    allowed = {here} if here in LEAVES else LEAVES | {here} | BELOW.get(here, set())
    if here not in MAY_IMPORT_ALL:
        assert set(mmdrop_imports(path)) <= allowed


def test_every_package_is_looked_at():
    rooms = {p.relative_to(ROOT).parts[0] for p in FILES if p.parent != ROOT}
    assert rooms == {
        *('apis', 'datasets', 'engine', 'evaluation', 'functional', 'models', 'preparation'),
        *('utils', 'visualization', 'zoo'),
    }


@pytest.mark.parametrize(
    'path', [p for p in FILES if p.name == '__init__.py'], ids=lambda p: str(p.relative_to(ROOT))
)
def test_each_room_says_what_it_is_for(path):
    text = ast.get_docstring(ast.parse(path.read_text()))
    assert text and text.endswith('.') and len(text.splitlines()) == 1


@pytest.mark.parametrize('path', FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 300
