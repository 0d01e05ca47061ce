"""Write a model as an ONNX file, and a report that it is the same model.

    mmdrop export drop_lite0 drop_lite0.onnx
    mmdrop export drop_lite0 drop_lite0.onnx --parsing --threads 2
    mmdrop export drop_lite0 small.onnx --precision float16
    mmdrop export drop_lite0 smaller.onnx --precision int8 --calibrate people/

The file takes decoded images, uint8 BGR (N, H, W, 3) of any size and number: resizing and
normalisation lie in its graph, and are those of the recipe bit for bit. It gives flat codes and
their visibility, all embeddings, visibility and its score, with --parsing the parts of each pixel.
It is refused if it differs from PyTorch by more than 1e-4; the report beside it, ….json, says by
how much, and how fast it is. pip install 'mmdrop[export]' brings what this needs.
"""

import argparse
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np

from mmdrop.apis.command_line.options import print_lines
from mmdrop.apis.export import (
    OnnxModel,
    check_drift,
    export_onnx,
    make_report,
    write_float16,
    write_int8,
)
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.utils import list_image_files, write_atomically

_IMAGES = 256  # that say the ranges of activations


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('model', help='model of the zoo, model file, or config of --weights')
    parser.add_argument('out', type=Path, help='file to write, ….onnx')
    parser.add_argument('--weights', help='checkpoint of a config')
    parser.add_argument('--parsing', action='store_true', help='give the predicted parts too')
    parser.add_argument(
        '--precision',
        choices=['float32', 'float16', 'int8'],
        default='float32',
        help='float16: weights alone; int8: convolutions, by --calibrate (%(default)s)',
    )
    parser.add_argument('--calibrate', help='folder of some hundred training images, for int8')
    parser.add_argument('--threads', type=int, help='to measure the time with')
    parser.add_argument('--json', action='store_true', help='print lines of JSON, for programs')


def run(args: argparse.Namespace) -> None:
    """Export what the options name."""
    if (args.precision == 'int8') != bool(args.calibrate):
        raise ValueError('--precision int8 and --calibrate FOLDER belong together')
    inferencer = ReIDInferencer(args.model, args.weights, 'cpu', num_workers=0)
    path = args.out
    if args.precision == 'float32':
        export_onnx(inferencer, path, args.parsing)
    else:
        with tempfile.TemporaryDirectory() as folder:
            whole = export_onnx(inferencer, Path(folder, 'float32.onnx'), args.parsing)
            check_drift(inferencer, OnnxModel(whole))
            if args.precision == 'float16':
                write_float16(whole, path)
            else:
                write_int8(whole, path, read_images(args.calibrate))
    try:
        report = make_report(inferencer, path, args.threads)
    except ValueError:
        path.unlink()  # nobody shall use it
        raise
    text = json.dumps(report.to_dict(), indent=1) + '\n'
    write_atomically(path.with_suffix('.json'), text)
    if args.json:
        print_lines([dict(file=str(path), **report.to_dict())])
    else:
        print(f'{path}\n{report}')


def read_images(folder: str) -> list[np.ndarray]:
    """Images in and below a folder, evenly chosen, BGR.

    Raises:
        FileNotFoundError: There is no image in it.
    """
    files = list_image_files(folder)
    if not files:
        raise FileNotFoundError(f'{folder}: no image in this folder or below it')
    chosen = np.unique(np.linspace(0, len(files) - 1, _IMAGES).round().astype(int))
    images = (cv2.imread(str(files[i])) for i in chosen)
    return [image for image in images if image is not None]
