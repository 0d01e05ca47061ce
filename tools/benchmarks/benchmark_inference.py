"""Time to import, to load a model, and to embed images with it, decoded ones and from arrays.

Give a model of the zoo, a model file, or a recipe, whose network then has random weights::

    OMP_NUM_THREADS=2 python tools/benchmarks/benchmark_inference.py drop_demo
    OMP_NUM_THREADS=2 python tools/benchmarks/benchmark_inference.py configs/study/drop.py --fuse
"""

import argparse
import os
import statistics
import time
from pathlib import Path

_START = time.perf_counter()

import numpy as np  # noqa: E402  # imports are what is measured
from measure import seconds, write_row  # noqa: E402

import mmdrop.models  # noqa: E402, F401
from mmdrop.apis import ReIDInferencer  # noqa: E402
from mmdrop.engine import is_packed, read_config  # noqa: E402
from mmdrop.utils import processor  # noqa: E402
from mmdrop.zoo import fuse_norms  # noqa: E402

_IMPORTED = time.perf_counter()


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('model')
    parser.add_argument('--images', type=int, default=512, help='arrays of 128×64')
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--fuse', action='store_true', help='fold batch norms into layers')
    parser.add_argument('--repeats', type=int, default=5, help='the median is reported')
    parser.add_argument('--out', type=Path, help='CSV file to append the line to')
    return parser.parse_args()


def main() -> None:
    """Measure and print one CSV line."""
    args = parse_args()
    model = args.model
    if not is_packed(model):
        model = read_config(model)
        if model.model.backbone.get('init_cfg'):
            model.model.backbone.init_cfg = None
    load = os.getloadavg()[0]
    start = time.perf_counter()
    inferencer = ReIDInferencer(model, device='cpu', batch_size=args.batch_size)
    first = time.perf_counter() - start
    # Without what the first one imports: timm, say.
    again = seconds(ReIDInferencer, model, device='cpu')
    if args.fuse:
        fuse_norms(inferencer.model)
    pixels = np.random.default_rng(0).integers(0, 256, (args.images, 128, 64, 3), np.uint8)
    images = list(pixels)
    inferencer(images[: args.batch_size])
    times = [seconds(inferencer, images) for _ in range(args.repeats)]
    row = {
        'model': Path(args.model).name,
        'fused': args.fuse,
        'batch': args.batch_size,
        'import_s': round(_IMPORTED - _START, 2),
        'first_load_s': round(first, 3),
        'load_s': round(again, 3),
        'images_per_s': round(args.images / statistics.median(times), 1),
        'load_before': round(load, 2),
        'device': processor(),
    }
    write_row(row, args.out)


if __name__ == '__main__':
    main()
