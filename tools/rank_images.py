r"""Rank a gallery of images for queries, by a trained model: ``mim run mmdrop rank_images …``.

::

    mim run mmdrop rank_images drop_demo --query query.jpg --gallery people
    mim run mmdrop rank_images finetune_demo --weights work_dirs/mine/epoch_20.pth \
        --query people/anna/1.jpg --gallery people --out rankings

Prints the first gallery images of each query with their distances, and with ``--out`` writes
pictures of them.  Folders are taken with all that lies below them.
"""

import argparse
import sys
from pathlib import Path

from mmdrop.apis import ReIDInferencer
from mmdrop.engine import USER_ERRORS, forbid_code
from mmdrop.utils import list_image_files


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', help='model of the zoo, model file, or config of --weights')
    parser.add_argument('--weights', help='checkpoint of a config')
    parser.add_argument('--query', nargs='+', required=True, help='image files or folders')
    parser.add_argument('--gallery', nargs='+', required=True, help='image files or folders')
    parser.add_argument('--topk', type=int, default=5, help='gallery images of each query')
    parser.add_argument('--out', help='folder for pictures')
    parser.add_argument('--device', help='the best one there is if left out')
    return parser.parse_args()


def list_given(names: list[str]) -> list[Path]:
    """Files, and the image files in and below folders."""
    given = map(Path, names)
    return [file for p in given for file in (list_image_files(p) if p.is_dir() else [p])]


def main() -> None:
    args = parse_args()
    forbid_code()
    try:
        inferencer = ReIDInferencer(args.model, args.weights, args.device)
        queries = list_given(args.query)
        # A query in the gallery would be found first.
        gallery = [file for file in list_given(args.gallery) if file not in queries]
        indices, distances = inferencer.rank(queries, gallery, args.topk)
        for query, row, row_distances in zip(queries, indices, distances, strict=True):
            print(query)
            for index, distance in zip(row, row_distances, strict=True):
                print(f'  {distance:.3f}  {gallery[index]}' if index >= 0 else '  unreadable')
        if args.out:
            for path in inferencer.visualize(queries, gallery, args.out, args.topk):
                print(f'picture: {path}')
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
