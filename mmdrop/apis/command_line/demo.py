"""Try it: render people into a folder, hide half of them behind things, and search for them.

    mmdrop demo
    mmdrop demo --out my_demo --people 20

Nobody in these pictures exists. They are searched with the model drop_demo, which knows rendered
people alone; for photographs there is drop_lite0, the default of the other verbs.
"""

import argparse
from pathlib import Path

import cv2

from mmdrop.apis.command_line import search
from mmdrop.datasets import SyntheticReID

_QUERIES = 6  # as many as fit a picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        '--out', type=Path, default=Path('mmdrop_demo'), help='folder to write (%(default)s)'
    )
    parser.add_argument('--people', type=int, default=12, help='how many (%(default)s)')
    parser.add_argument('--json', action='store_true', help='print lines of JSON, for programs')


def run(args: argparse.Namespace) -> None:
    """Render and search."""
    render_people(args.out, args.people)
    options = argparse.ArgumentParser()
    search.add_arguments(options)
    given = [str(args.out / 'people'), str(args.out / 'queries'), '--model', 'drop_demo']
    given += ['--picture', str(args.out / 'search.png'), *(['--json'] if args.json else [])]
    search.run(options.parse_args(given, argparse.Namespace(verb='search')))
    if not args.json:
        print(f'the same again: mmdrop search {" ".join(given[:4])}')


def render_people(folder: Path, number: int) -> None:
    """Write ``people/NAME/…jpg`` and, of some of them, an occluded image ``queries/NAME.jpg``.

    Raises:
        OSError: A file cannot be written.
    """
    dataset = SyntheticReID(
        'test', num_identities=number, images_per_identity=6, num_distractors=0, cache=False
    )
    pids: dict[int, str] = {}
    asked: set[str] = set()
    for index in range(len(dataset)):
        sample = dataset[index]
        name = pids.setdefault(sample['pid'], f'person_{len(pids) + 1:02}')
        path = folder / 'people' / name / f'{index}.jpg'
        if sample['is_query']:
            if name in asked or len(asked) == _QUERIES:
                continue
            asked.add(name)
            path = folder / 'queries' / f'{name}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        if not cv2.imwrite(str(path), sample['img']):
            raise OSError(f'{path} cannot be written')
