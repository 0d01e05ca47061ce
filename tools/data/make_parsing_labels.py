r"""Make parsing labels of a folder of images: ``mim run mmdrop make_parsing_labels …``.

::

    mim run mmdrop make_parsing_labels data/people data/people_labels --source DROP
    mim run mmdrop make_parsing_labels data/people data/people/masks --layout folder \
        --source KeypointRCNN --filter
    mim run mmdrop make_parsing_labels data/Market-1501-v15.09.15 data/market_labels \
        --layout market1501 --source KeypointFile \
        --options ann_file=data/market1501_keypoints14.npz origin=1

A second call goes on where the first one stopped.  An image that cannot be read, or that shows
nobody, gets a label of background and a line in the log beside the labels.
"""

import argparse
import sys
from importlib import import_module

from mmengine.config import Config, DictAction

from mmdrop.engine import USER_ERRORS
from mmdrop.preparation import find_images, make_parsing_labels
from mmdrop.registry import LABEL_MAKERS

SOURCES = ('DROP', 'KeypointFile', 'KeypointRCNN', 'RTMPose', 'RTMO', 'OpenPifPaf')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('images', help='folder of images, or of the set that --layout names')
    parser.add_argument('labels', help='folder for the labels')
    parser.add_argument('--source', required=True, help=f'{", ".join(SOURCES)}, or one of --import')
    parser.add_argument(
        '--options', nargs='+', action=DictAction, default={}, help='its arguments: key=value'
    )
    parser.add_argument(
        '--filter',
        action='store_true',
        help='keep only what lies in the mask of the central person, found by Mask R-CNN '
        '(--options mask_filter.weights=FILE)',
    )
    parser.add_argument('--layout', help='market1501, occluded_duke …, folder: its training images')
    parser.add_argument('--test', action='store_true', help='with --layout: test images too')
    parser.add_argument('--redo', action='store_true', help='make labels that show no part again')
    parser.add_argument('--processes', type=int, help='one for each core if left out')
    parser.add_argument('--import', dest='module', help='module that registers a source of yours')
    args = parser.parse_args()
    if args.test and not args.layout:
        parser.error('--test needs --layout')
    return args


def main() -> None:
    args = parse_args()
    config = Config(dict(type=args.source))
    if args.filter:
        config.mask_filter = dict(type='MaskRCNNFilter')
    try:
        config.merge_from_dict(args.options)
        if args.module:
            import_module(args.module)
        if args.source not in LABEL_MAKERS:
            raise ValueError(f'--source must be one of {", ".join(SOURCES)}, got {args.source}')
        images = find_images(args.images, args.layout, args.test, skip=args.labels)
        maker = config.to_dict()
        print(make_parsing_labels(maker, images, args.labels, args.processes, redo=args.redo))
    except KeyboardInterrupt:
        sys.exit('stopped: the same command goes on from here')
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
