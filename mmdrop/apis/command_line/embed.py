"""Embed images of people, into a file or onto the screen.

    mmdrop embed people/ --recursive --out people.safetensors
    mmdrop embed query.jpg --json

The file holds embeddings (N, E, C), visibility and its score (N, E), as any reader of safetensors
reads them, and beside it lies ….json with the names of the images, in their order, of the embeddings
and of the model. EmbeddingSet.open reads both. Memory does not grow with the number of images, and
Ctrl-C leaves what was embedded before it.
"""

import argparse
from pathlib import Path

from mmdrop.apis.command_line.options import add_model_options, make_inferencer, print_lines, say


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
    number, channels = embedded.embeddings.shape[1:]
    if not args.json:
        where = f' in {args.out}' if args.out else ''
        say(args, f'{len(embedded)} images, {number} embeddings of {channels} numbers each{where}')
        for row, name in enumerate(embedded.names[: None if not args.out else 0]):
            shown = zip(embedded.embedding_names, embedded.visibility[row].tolist(), strict=True)
            hidden = [label for label, seen in shown if not seen]
            say(
                args, f'{name}: ' + (f'hides {", ".join(hidden)}' if hidden else 'shows every part')
            )
    else:
        print_lines(
            dict(
                name=name,
                visible=dict(
                    zip(embedded.embedding_names, embedded.visibility[row].tolist(), strict=True)
                ),
                **({} if args.out else {'embeddings': embedded.embeddings[row].tolist()}),
            )
            for row, name in enumerate(embedded.names)
        )
    for name, reason in embedded.failed.items():
        if args.json:
            print_lines([dict(name=name, error=reason)])
        else:
            say(args, f'left out: {reason}')
