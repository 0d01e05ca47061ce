"""Time of listing and checking a data set, of making labels, and of reading published labels.

Each is measured on two processes or, for the reader, on one image after the other::

    python tools/benchmarks/benchmark_data.py --repeats 3 --out benchmarks/data-pt215-epyc2.csv
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import seconds, write_row

from mmdrop.datasets import LoadPifPafFields, ReIDDataset
from mmdrop.preparation import (
    check_dataset,
    check_labels,
    find_images,
    find_label_source,
    make_parsing_labels,
)
from mmdrop.utils import list_image_files, processor

SIZES = ((17, 9), (30, 15))  # of the fields, as published
NUM_FIELDS = 500


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--root', default='data/Market-1501-v15.09.15', help='Market-1501')
    parser.add_argument('--keypoints', default='data/market1501_keypoints14.npz')
    parser.add_argument('--processes', type=int, default=2)
    parser.add_argument('--repeats', type=int, default=3, help='the median is reported')
    parser.add_argument('--out', type=Path, help='CSV file to append the lines to')
    return parser.parse_args()


def median_seconds(function: Callable[[], object], repeats: int) -> float:
    """Median wall time of a call."""
    return statistics.median(seconds(function) for _ in range(repeats))


def write_fields(folder: Path, size: tuple[int, int]) -> None:
    """Write made-up confidence fields of people as large as the published ones."""
    rng = np.random.default_rng(0)
    for i in range(NUM_FIELDS):
        np.save(folder / f'{i}.npy', rng.random((36, *size), np.float32) ** 4)


def read_fields(folder: Path, num_parts: int) -> None:
    """Read and group each of the written fields for an image of Market-1501's size."""
    source = LoadPifPafFields(str(folder), num_parts)
    image = np.zeros((128, 64, 3), np.uint8)
    for i in range(NUM_FIELDS):
        source.transform({'img': image, 'img_path': f'{i}.jpg'})


def list_dataset(root: str) -> None:
    """List and check the training and the test images."""
    for split in ('train', 'test'):
        ReIDDataset('market1501', root, split)


def main() -> None:
    """Measure and print the CSV lines."""
    args = parse_args()

    def report(what: str, items: int, wall: float, processes: int = args.processes) -> None:
        row = {'what': what, 'items': items, 'seconds': round(wall, 3)}
        row |= {'items_per_s': round(items / wall), 'ms_per_item': round(1000 * wall / items, 3)}
        write_row(row | {'processes': processes, 'processor': processor()}, args.out)

    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            fields = Path(folder, str(size))
            fields.mkdir()
            write_fields(fields, size)
            for num_parts in (5, 8):
                wall = median_seconds(lambda f=fields, k=num_parts: read_fields(f, k), args.repeats)
                report(f'LoadPifPafFields {size} K={num_parts}', NUM_FIELDS, wall, 1)

        options = dict(processes=args.processes, quiet=True)
        images = find_images(args.root, 'market1501')
        maker = dict(type='KeypointFile', ann_file=args.keypoints, origin=1)
        numbers = iter(range(args.repeats))

        def make() -> None:
            make_parsing_labels(maker, images, Path(folder, f'labels{next(numbers)}'), **options)

        report('make_parsing_labels', len(images), median_seconds(make, args.repeats))
        source = find_label_source(Path(folder, 'labels0'))
        wall = median_seconds(lambda: check_labels(source, images, **options), args.repeats)
        report('check_labels', len(images), wall)
    # Copies may hold further folders, such as gt_bbox.
    folders = ('bounding_box_train', 'query', 'bounding_box_test')
    number = sum(len(list_image_files(Path(args.root, name))) for name in folders)
    wall = median_seconds(lambda: list_dataset(args.root), args.repeats)
    report('ReIDDataset market1501, train and test', number, wall, 1)
    wall = median_seconds(lambda: check_dataset('market1501', args.root, **options), args.repeats)
    report('prepare_dataset market1501', number, wall)


if __name__ == '__main__':
    main()
