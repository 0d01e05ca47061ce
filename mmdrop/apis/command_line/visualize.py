"""Draw saved embeddings: a map, distances of same and different people, CMC and ROC curves.

    mmdrop embed people/ --recursive --out people.safetensors
    mmdrop visualize people.safetensors --out plots --rules foreground+parts global

People are those of a saved gallery; in a set of embeddings, the folders that the images lie in.
Each image is looked for among all others. The map is a t-SNE of the distances over what both
images show; it needs scikit-learn, pip install 'mmdrop[maps]'.
"""

import argparse
from pathlib import Path

import cv2

from mmdrop.apis.command_line.options import print_lines
from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.apis.plotting import plot_embeddings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('embeddings', help='file ….safetensors that embed or search --save wrote')
    parser.add_argument('--out', type=Path, default=Path('plots'), help='folder (%(default)s)')
    parser.add_argument(
        '--rules',
        nargs='+',
        default=['foreground+parts'],
        help='embeddings to compare by, joined by + (%(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0, help='of the map (%(default)s)')
    parser.add_argument('--json', action='store_true', help='print lines of JSON, for programs')


def run(args: argparse.Namespace) -> None:
    """Draw what the options name."""
    embedded = EmbeddingSet.open(args.embeddings)
    pictures = plot_embeddings(embedded, [rule.split('+') for rule in args.rules], args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        path = args.out / f'{name}.png'
        if not cv2.imwrite(str(path), picture[..., ::-1]):
            raise OSError(f'{path} cannot be written')
        if args.json:
            print_lines([dict(picture=str(path))])
        else:
            print(f'picture: {path}')
