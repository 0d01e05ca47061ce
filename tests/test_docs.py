"""Whether the pages name what there is: paths, modules, tools and links."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *(ROOT / name for name in ('README.md', 'CONTRIBUTING.md')),
        *(p for folder in ('docs', 'configs', 'benchmarks') for p in (ROOT / folder).rglob('*.md')),
        *ROOT.glob('projects/*/README.md'),
    ]
)
FOLDERS = 'benchmarks|configs|docs|mmdrop|projects|tests|tools'
ROOMS = '|'.join(sorted(p.name for p in (ROOT / 'mmdrop').iterdir() if p.is_dir()))

every_page = pytest.mark.parametrize('page', PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def code(page):
    """Code spans and blocks of a page, without the names of files that a command writes."""
    text = page.read_text()
    spans = re.findall(r'```.*?```|`[^`\n]+`', text, re.DOTALL)
    return re.sub(r'--(out|csv|figure|work-dir)[ =]\S+', '', '\n'.join(spans))


def found(pattern, page):
    return sorted({match.rstrip('.') for match in re.findall(pattern, code(page))})


def exists(folder, path):
    return any(folder.glob(path)) if '*' in path else (folder / path).exists()


@every_page
def test_paths_in_code_exist(page):
    paths = found(rf'(?<![\w/.-])(?:{FOLDERS})/[\w./*-]*', page)
    lacking = [path for path in paths if not exists(ROOT, path) and not exists(page.parent, path)]
    # Short ones below the package, as paper_notes.md has them.
    files = found(rf'(?<![\w/.-])(?:{ROOMS})/[\w./*-]+\.py', page)
    lacking += [path for path in files if not exists(ROOT / 'mmdrop', path) and path not in paths]
    assert not lacking


def resolve(name):
    module, rest = None, name.split('.')
    for end in range(len(rest), 0, -1):
        try:
            module = import_module('.'.join(rest[:end]))
        except ModuleNotFoundError:
            continue
        for attribute in rest[end:]:
            module = getattr(module, attribute)
        return module
    raise ModuleNotFoundError(name)


@every_page
def test_modules_in_code_can_be_imported(page):
    names = set(found(r'(?<![\w./-])mmdrop\.(?!configs)[\w.]+', page))
    for module, imported in re.findall(r'from (mmdrop[\w.]*) import ([\w, ]+)', code(page)):
        if not module.startswith('mmdrop.configs'):
            names |= {f'{module}.{name.strip()}' for name in imported.split(',')}
    for name in sorted(names):
        resolve(name)


@every_page
def test_recipes_that_are_inherited_from_exist(page):
    for name in set(found(r'(?<=from )mmdrop\.configs\.[\w.]+', page)) - {'mmdrop.configs.x'}:
        assert (ROOT / f'{name.removeprefix("mmdrop.").replace(".", "/")}.py').is_file()


@every_page
def test_tools_that_mim_runs_exist(page):
    tools = {path.stem for path in (ROOT / 'tools').rglob('*.py')}
    named = re.findall(r'mim run mmdrop (\w+)', page.read_text())
    assert {name for name in named if not name.isupper()} <= tools


def anchors(page):
    """Of the headings of a page, as GitHub makes them."""
    headings = re.findall(r'^#+ (.+)$', page.read_text(), re.MULTILINE)
    plain = (re.sub(r'[^\w\- ]', '', heading.lower()) for heading in headings)
    return {heading.replace(' ', '-') for heading in plain}


@every_page
def test_links_lead_somewhere(page):
    lacking = []
    for link in re.findall(r'\]\((?!https?:)([^)\s]+)\)', page.read_text()):
        path, _, anchor = link.partition('#')
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lacking.append(link)
    assert not lacking
