"""Embed images of people, into a file or onto the screen.

    mmdrop embed people/ --recursive --out people.safetensors
    mmdrop embed query.jpg --json

The file holds embeddings (N, E, C), visibility and its score (N, E), for any reader of safetensors.
Beside it lies ….json with the names of the images, in their order, of the embeddings and of the
model. EmbeddingSet.open reads both. Memory does not grow with the number of images, and Ctrl-C
leaves what was embedded before it.
"""

import argparse
from pathlib import Path
from typing import Any

from mmdrop.apis.command_line.options import add_model_options, make_inferencer, print_lines
from mmdrop.apis.embedding_set import EmbeddingSet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('images', nargs='+', help='images, folders or patterns')
    parser.add_argument('--out', type=Path, help='file to write, ….safetensors')
    parser.add_argument('--parsing', action='store_true', help='keep the predicted parts too')
    add_model_options(parser)


def run(args: argparse.Namespace) -> None:
    """Embed what the options name."""
    inferencer = make_inferencer(args)
    embedded = inferencer.embed(args.images, args.out, args.recursive, args.parsing)
    if args.json:
        print_lines(_describe(embedded, row, not args.out) for row in range(len(embedded)))
        print_lines(dict(name=name, error=text) for name, text in embedded.failed.items())
        return
    number, channels = embedded.embeddings.shape[1:]
    where = f', in {args.out}' if args.out else ''
    print(f'{len(embedded)} images, {number} embeddings of {channels} numbers each{where}')
    if not args.out:
        for row, name in enumerate(embedded.names):
            hidden = [k for k, seen in _visible(embedded, row).items() if not seen]
            print(f'{name}: ' + (f'hides {", ".join(hidden)}' if hidden else 'shows every part'))
    for text in embedded.failed.values():
        print(f'left out: {text}')


def _visible(embedded: EmbeddingSet, row: int) -> dict[str, bool]:
    return dict(zip(embedded.embedding_names, embedded.visibility[row].tolist(), strict=True))


def _describe(embedded: EmbeddingSet, row: int, whole: bool) -> dict[str, Any]:
    found: dict[str, Any] = dict(name=embedded.names[row], visible=_visible(embedded, row))
    return found | {'embeddings': embedded.embeddings[row].tolist()} if whole else found
