"""Rank a gallery of people for each query: who is it, how sure, and why.

    mmdrop search people/ query.jpg
    mmdrop search people/ queries/ --topk 10 --per person --parts torso legs
    mmdrop search people/ query.jpg --save people.safetensors
    mmdrop search people.safetensors 'night/*.jpg' --json

people/ holds a folder for each person, named as the person; images beside those folders are people
of their own. The picture shows each query, its parts, and the nearest images, with a bar for what
each part says: to the right for one person, to the left against.
"""

import argparse

from mmdrop.apis.command_line.options import (
    add_gallery_options,
    draw_question,
    print_lines,
    read_question,
    say,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('--parts', nargs='+', help='compare these parts alone: head torso legs …')
    parser.add_argument(
        '--per', choices=['image', 'person'], default='image', help='what a hit is (%(default)s)'
    )
    add_gallery_options(parser)


def run(args: argparse.Namespace) -> None:
    """Search for what the options name."""
    gallery, asked = read_question(args)
    results = gallery.search(asked, args.topk, args.parts, args.per)
    identified = None
    if gallery.inferencer.certainty is not None and not args.parts:
        identified = gallery.identify(asked)
    if args.json:
        print_lines(results)
    else:
        for row, result in enumerate(results):
            say(args, str(identified[row]) if identified else '')
            say(args, str(result))
    draw_question(args, gallery, asked, results, identified)
