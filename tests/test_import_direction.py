import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / 'mmdrop'
LEAVES = {'registry', 'structures', 'functional'}
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
    allowed = {here} if here in LEAVES else LEAVES | {here}
    if here not in MAY_IMPORT_ALL:
        assert set(mmdrop_imports(path)) <= allowed


def test_every_package_is_looked_at():
    assert {p.parent.name for p in FILES} >= {'functional', 'datasets', 'heads', 'engine'}
