"""Do two images show one person, how sure is that, and which parts say so?

    mmdrop verify a.jpg b.jpg
    mmdrop verify first/ second.jpg --false-match-rate 0.0001 --json

Each side is an image, or a folder of images of one person, which are fused. "One person" is said
where the evidence exceeds that of all but a share --false-match-rate of the pairs of two people;
P is the probability at --prior, the probability before the images are seen.
"""

import argparse

from mmdrop.apis.command_line.options import add_model_options, make_inferencer, print_lines, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('first', help='image, folder or pattern')
    parser.add_argument('second', help='image, folder or pattern')
    parser.add_argument(
        '--false-match-rate', type=float, default=0.001, help='of two people (%(default)s)'
    )
    parser.add_argument('--prior', type=float, default=0.5, help='probability (%(default)s)')
    add_model_options(parser)


def run(args: argparse.Namespace) -> None:
    """Compare what the options name."""
    inferencer = make_inferencer(args)
    sides = [
        inferencer.embed(side, recursive=args.recursive, parsing=False)
        for side in (args.first, args.second)
    ]
    verdict = inferencer.verify(*sides, args.prior, args.false_match_rate)
    if args.json:
        print_lines([verdict])
    say(args, str(verdict))
