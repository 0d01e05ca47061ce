"""Write a model as an ONNX file, and a report that it is the same model.

    mmdrop export drop_lite0 drop_lite0.onnx
    mmdrop export drop_lite0 drop_lite0.onnx --parsing --threads 2

The file takes decoded images, uint8 BGR (N, H, W, 3) of any size and number: resizing and
normalisation lie in its graph, and are those of the recipe bit for bit. It gives flat codes and
their visibility, all embeddings, visibility and its score, with --parsing the parts of each pixel.
It is refused if it differs from PyTorch by more than 1e-4; the report beside it, ….json, says by
how much, and how fast it is. pip install 'mmdrop[export]' brings what this needs.
"""

import argparse
import json
from pathlib import Path

from mmdrop.apis.command_line.options import print_lines
from mmdrop.apis.export import export_onnx, make_report
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.utils import write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('model', help='model of the zoo, model file, or config of --weights')
    parser.add_argument('out', type=Path, help='file to write, ….onnx')
    parser.add_argument('--weights', help='checkpoint of a config')
    parser.add_argument('--parsing', action='store_true', help='give the predicted parts too')
    parser.add_argument('--threads', type=int, help='to measure the time with')
    parser.add_argument('--json', action='store_true', help='print lines of JSON, for programs')


def run(args: argparse.Namespace) -> None:
    """Export what the options name."""
    inferencer = ReIDInferencer(args.model, args.weights, 'cpu', num_workers=0)
    path = export_onnx(inferencer, args.out, args.parsing)
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
