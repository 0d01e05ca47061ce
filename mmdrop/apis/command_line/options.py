"""Options that verbs share, and what they print."""

import argparse
import json
import math
import os
import sys
import webbrowser
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.apis.gallery import Gallery, Identification, SearchResult, draw_answers
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.apis.verdict import fuse

MODEL = 'drop_lite0'


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which model, where and how."""
    parser.add_argument(
        '--model',
        default=MODEL,
        help='model of the zoo, model file, or config of --weights (%(default)s)',
    )
    parser.add_argument('--weights', help='checkpoint of a config')
    parser.add_argument('--device', help='such as cuda:0; the best one there is if left out')
    parser.add_argument('--batch-size', type=int, default=32, help='people at once (%(default)s)')
    parser.add_argument('--workers', type=int, help='threads that read images')
    parser.add_argument('--recursive', action='store_true', help='look into folders below folders')
    parser.add_argument('--json', action='store_true', help='print lines of JSON, for programs')


def add_gallery_options(parser: argparse.ArgumentParser) -> None:
    """Add gallery, queries and what is done with them."""
    parser.add_argument(
        'gallery', help='folder with a folder of images for each person, or a saved gallery'
    )
    parser.add_argument('query', nargs='+', help='images, folders or patterns')
    parser.add_argument('--topk', type=int, default=5, help='hits of each query (%(default)s)')
    parser.add_argument(
        '--fused', action='store_true', help='all queries show one person: ask for them together'
    )
    parser.add_argument('--save', type=Path, help='keep the gallery in a file, ….safetensors')
    parser.add_argument('--picture', type=Path, help='where to draw the answers (VERB.png)')
    parser.add_argument('--no-picture', action='store_true', help='draw nothing')
    add_model_options(parser)


def make_inferencer(args: argparse.Namespace) -> ReIDInferencer:
    """The model that the options name."""
    return ReIDInferencer(
        args.model, args.weights, args.device, args.batch_size, args.workers, not args.json
    )


def read_question(args: argparse.Namespace) -> tuple[Gallery, EmbeddingSet]:
    """Gallery and queries of the options of a question."""
    inferencer = make_inferencer(args)
    gallery = _open_gallery(args, inferencer)
    queries = inferencer.embed(args.query, recursive=args.recursive)
    return gallery, fuse(queries) if args.fused else queries


def _open_gallery(args: argparse.Namespace, inferencer: ReIDInferencer) -> Gallery:
    """The gallery that the options name, saved if they say so."""
    path = Path(args.gallery).expanduser()
    if path.is_dir():
        gallery = Gallery(inferencer)
        gallery.add_folder(path)
    elif path.suffix == '.safetensors':
        gallery = Gallery.open(path, inferencer)
    else:
        what = 'no gallery' if path.exists() else 'there is no such folder'
        kinds = 'a gallery is a folder of people, or a file ….safetensors that --save wrote'
        raise FileNotFoundError(f'{path}: {what}; {kinds}')
    if args.save:
        gallery.save(args.save)
    say(args, f'{args.gallery}: {len(gallery.people)} people in {len(gallery)} images')
    return gallery


def say(args: argparse.Namespace, text: str) -> None:
    """Tell people, and no programs."""
    if not args.json:
        print(text)


def print_lines(lines: Iterable[Any]) -> None:
    """Print each as a line of JSON; an infinite number becomes null."""
    for line in lines:
        print(json.dumps(to_plain(line), ensure_ascii=False))


def to_plain(value: Any) -> Any:
    """As JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return to_plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def draw_question(
    args: argparse.Namespace,
    gallery: Gallery,
    asked: EmbeddingSet,
    results: Sequence[SearchResult],
    identified: Sequence[Identification] | None,
) -> None:
    """Draw the answers to a question, unless the options forbid it or there is none."""
    if not args.no_picture and any(result.hits for result in results):
        _write_picture(args, draw_answers(gallery.inferencer, asked, results, identified))


def _write_picture(args: argparse.Namespace, picture: np.ndarray) -> None:
    """Write a picture, RGB, where the options say, and show it to who sits before a screen.

    Raises:
        OSError: It cannot be written.
    """
    path = args.picture or Path(f'{args.verb}.png')
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture[..., ::-1]):
        raise OSError(f'{path} cannot be written')
    say(args, f'picture: {path}')
    screen = sys.platform in ('darwin', 'win32') or 'DISPLAY' in os.environ
    if screen and sys.stdout.isatty() and not args.json:
        webbrowser.open(path.resolve().as_uri())
