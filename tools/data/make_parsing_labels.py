r"""Make parsing labels of a folder of images: ``mim run mmdrop make_parsing_labels …``.

::

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

from mmengine.config import DictAction

from mmdrop.datasets import find_images, make_parsing_labels
from mmdrop.registry import LABEL_MAKERS


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('images', help='folder of images, or of the set that --layout names')
    parser.add_argument('labels', help='folder for the labels')
    parser.add_argument(
        '--source', required=True, help='KeypointFile, KeypointRCNN, RTMPose, RTMO or OpenPifPaf'
    )
    parser.add_argument(
        '--options', nargs='+', action=DictAction, default={}, help='its arguments: key=value'
    )
    parser.add_argument(
        '--filter',
        action='store_true',
        help='keep only what lies in the mask of the central person, found by Mask R-CNN',
    )
    parser.add_argument('--layout', help='market1501, occluded_duke …, folder: its training images')
    parser.add_argument('--test', action='store_true', help='with --layout: test images too')
    parser.add_argument('--processes', type=int, help='one for each core if left out')
    parser.add_argument('--import', dest='module', help='module that registers a source of yours')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    config = dict(args.options, type=args.source)
    if args.filter:
        config.setdefault('mask_filter', dict(type='MaskRCNNFilter'))
    try:
        if args.module:
            import_module(args.module)
        images = find_images(args.images, args.layout, args.test, skip=args.labels)
        maker = LABEL_MAKERS.build(config)
        print(make_parsing_labels(maker, images, args.labels, args.processes))
    except KeyboardInterrupt:
        sys.exit('stopped: the same command goes on from here')
    except (ImportError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
