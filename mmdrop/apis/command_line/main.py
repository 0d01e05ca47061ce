"""Find the verb, read its options, run it."""

import argparse
import runpy
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import mmdrop
from mmdrop.engine import USER_ERRORS, forbid_code

VERBS = ('search', 'identify', 'verify', 'embed', 'visualize', 'export', 'demo')
SCRIPTS = {'train': 'Train a model on a config.', 'test': 'Score a trained model.'}
_TOOLS = Path(mmdrop.__file__).parent / '.mim' / 'tools'


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``mmdrop VERB …``; exits with 2 for wrong options and 1 for other errors."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given and given[0] in SCRIPTS:
        _run_script(given[0], given[1:])
        return
    parser = argparse.ArgumentParser(
        prog='mmdrop',
        description='Who is this? Person re-identification, also of occluded people.',
        epilog='mmdrop VERB --help says more.',
    )
    parser.add_argument('--version', action='version', version=f'mmdrop {mmdrop.__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name in VERBS:
        _add_parser(verbs, name)
    for name, text in SCRIPTS.items():
        verbs.add_parser(name, help=text)
    _run(parser.parse_args(given))


def run_verb(name: str) -> None:
    """Run one verb with the options of the process, as a script of its own."""
    main([name, *sys.argv[1:]])


def _add_parser(verbs: argparse._SubParsersAction, name: str) -> None:
    module = _module(name)
    text = (module.__doc__ or '').strip()
    parser = verbs.add_parser(
        name,
        help=text.splitlines()[0],
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


def _module(name: str) -> ModuleType:
    return import_module(f'mmdrop.apis.command_line.{name}')


def _run(args: argparse.Namespace) -> None:
    forbid_code()
    try:
        args.run(args)
    except USER_ERRORS as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        sys.exit(f'error: {message}')
    except KeyboardInterrupt:
        sys.exit(130)


def _run_script(name: str, arguments: Sequence[str]) -> None:
    """Run a script of ``tools/`` as if it had been called itself."""
    script = _TOOLS / f'{name}.py'
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name='__main__')
