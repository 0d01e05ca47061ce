r"""Check a data set, unpack or build it: ``mim run mmdrop prepare_dataset …``.

::

    mim run mmdrop prepare_dataset market1501 data/Market-1501-v15.09.15
    mim run mmdrop prepare_dataset market1501 data/Market-1501-v15.09.15 --source Market.zip
    mim run mmdrop prepare_dataset occluded_duke data/Occluded_Duke \
        --source DukeMTMC-reID.zip --lists Occluded-DukeMTMC-Dataset/Occluded_Duke
    mim run mmdrop prepare_dataset occluded_market data/Occluded_Market --mars data/MARS \
        --source Market-1501-v15.09.15.zip --lists Occluded-Market-Dataset/Occluded_Market
    mim run mmdrop prepare_dataset cuhk03p1_occluded data/cuhk03p1 --source CUHK03_dataset

Nothing is deleted or overwritten.  The exit status is 1 where something is wrong.
"""

import argparse
import sys

from mmdrop.engine import USER_ERRORS
from mmdrop.preparation import prepare_dataset


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'name',
        help='market1501, dukemtmc, occluded_duke, occluded_market, p_dukemtmc, occluded_reid, '
        'cuhk01 or cuhk03p1_occluded',
    )
    parser.add_argument('root', help='folder of the set')
    parser.add_argument(
        '--source',
        help='zip archive to unpack; for occluded_duke archive or folder of DukeMTMC-reID, for '
        'occluded_market of Market-1501; for cuhk03p1_occluded folder or archive with '
        'detected/train and detected/val, or cuhk-03.mat',
    )
    parser.add_argument(
        '--lists', help='occluded_duke, occluded_market: folder of the published lists'
    )
    parser.add_argument('--mars', help='occluded_market: folder with bbox_train and bbox_test')
    parser.add_argument('--no-decode', action='store_true', help='do not decode the images')
    parser.add_argument('--processes', type=int, help='one for each core if left out')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        report = prepare_dataset(
            args.name,
            args.root,
            args.source,
            args.lists,
            decode=not args.no_decode,
            processes=args.processes,
            mars=args.mars,
        )
    except KeyboardInterrupt:
        sys.exit('stopped: the same command goes on from here')
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    print(report)
    sys.exit(0 if report.ok else 1)


if __name__ == '__main__':
    main()
