r"""Measure how far parsing labels agree with others: ``mim run mmdrop compare_labels …``.

::

    mim run mmdrop compare_labels market_labels data/market1501_keypoints14.npz \
        --images data/Market-1501-v15.09.15 --layout market1501 --test \
        --reference-options origin=1 --out agreement.csv

Prints intersection over union, precision and recall of each part, in percent, and writes them as
CSV.  The labels' own table of parts is taken where ``make_parsing_labels`` made them for one.
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import DictAction

from mmdrop.engine import USER_ERRORS
from mmdrop.preparation import compare_labels, find_images, find_label_source
from mmdrop.registry import TRANSFORMS
from mmdrop.utils import csv_text, plain_table, write_atomically

COLUMNS = ('part', 'IoU', 'precision', 'recall', 'pixels')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('labels', help='folder of labels, or key-point file')
    parser.add_argument('reference', help='labels to compare them with, likewise')
    parser.add_argument('--images', required=True, help='folder of images')
    parser.add_argument('--layout', help='market1501, occluded_duke …, folder: its training images')
    parser.add_argument('--test', action='store_true', help='with --layout: test images too')
    for side in ('', 'reference-'):
        parser.add_argument(
            f'--{side}options', nargs='+', action=DictAction, default={}, help='key=value'
        )
    parser.add_argument('--every', type=int, default=1, help='compare every n-th image')
    parser.add_argument('--processes', type=int, help='one for each core if left out')
    parser.add_argument('--out', type=Path, help='CSV file')
    args = parser.parse_args()
    if args.test and not args.layout:
        parser.error('--test needs --layout')
    return args


def main() -> None:
    args = parse_args()
    try:
        labels = TRANSFORMS.build(find_label_source(args.labels, **args.options))
        table = dict(num_parts=labels.num_parts, groups=labels.groups.name)
        reference = find_label_source(args.reference, **table | args.reference_options)
        images = find_images(args.images, args.layout, args.test, skip=args.labels)
        found = compare_labels(labels, reference, images[:: args.every], args.processes)
        rows = found.rows()
        if args.out:
            write_atomically(args.out, csv_text(rows, COLUMNS, digits=2))
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    print(f'{found.images} images compared, {found.missing} without one of the labels')
    print(f'{found.ignored:.1%} of the pixels are ignored by the labels')
    figures = [[str(row['part']), *(f'{row[key]:.1f}' for key in COLUMNS[1:])] for row in rows]
    print(plain_table([[*COLUMNS], *figures]))


if __name__ == '__main__':
    main()
