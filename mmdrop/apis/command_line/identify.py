"""Name the person that each query shows, or say that it is none of the gallery.

    mmdrop identify people/ query.jpg
    mmdrop identify people.safetensors camera3/*.jpg --least 0.9 --json

Says who of the gallery it most likely is, how likely that is, and how likely it is somebody else.
--known is how likely somebody of the gallery is to be asked for in the first place, before the
image is seen; --least the probability from which on a name is given.
"""

import argparse

from mmdrop.apis.command_line.options import (
    add_gallery_options,
    draw_question,
    print_lines,
    read_question,
    say,
)
from mmdrop.apis.gallery import SearchResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        '--known', type=float, default=0.5, help='before the image is seen (%(default)s)'
    )
    parser.add_argument(
        '--least', type=float, default=0.5, help='probability to give a name (%(default)s)'
    )
    add_gallery_options(parser)


def run(args: argparse.Namespace) -> None:
    """Identify what the options name."""
    gallery, asked = read_question(args)
    answers = gallery.identify(asked, args.known, args.least, args.topk)
    if args.json:
        print_lines(answers)
    for answer in answers:
        say(args, str(answer))
    results = [SearchResult(answer.query, answer.hits) for answer in answers]
    draw_question(args, gallery, asked, results, answers)
