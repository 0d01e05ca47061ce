"""Compare re-ranking with its authors' code, on the embeddings of a real test set.

Their function holds several matrices of the distances of all images.  It is in
``python-version/re_ranking_ranklist.py`` of github.com/zhunzhong07/person-re-ranking::

    python tools/analysis/check_reranking.py CONFIG CHECKPOINT --authors re_ranking_ranklist.py
"""

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from check_metric import extract
from torch import Tensor

from mmdrop.engine import keep_freed_memory, make_parser
from mmdrop.functional import KReciprocalReranking, evaluate_ranking, part_distance
from mmdrop.structures import find_embeddings
from mmdrop.utils import peak_above, processor

BLOCK = 256


def load_authors(path: Path) -> Callable[..., np.ndarray]:
    """Their function, from their file."""
    spec = importlib.util.spec_from_file_location('re_ranking_ranklist', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.re_ranking


def full_distance(a: list[Tensor], b: list[Tensor]) -> np.ndarray:
    """Distances of all pairs of two sides, each embeddings and visibility."""
    rows = zip(a[0].split(BLOCK), a[1].split(BLOCK), strict=True)
    return torch.cat([part_distance(x, b[0], v, b[1]) for x, v in rows]).numpy()


def main() -> int:
    """Print both results, and return 1 where the scores differ."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--authors', type=Path, required=True, help='their Python file')
    parser.add_argument('--set', help='a further set of a MultiSetTestLoop')
    parser.add_argument('--max-difference', type=float, default=0.05, help='of a score, in percent')
    args = parser.parse_args()
    keep_freed_memory()
    authors = load_authors(args.authors)
    samples, metric = extract(args)
    columns = find_embeddings(metric.embeddings, samples[0]['embedding_names'])
    sides, labels = {}, {}
    for side in ('query', 'gallery'):
        chosen = [sample for sample in samples if sample['is_query'] == (side == 'query')]
        sides[side] = [
            torch.stack([sample[key][columns] for sample in chosen])
            for key in ('embeddings', 'visibility')
        ]
        labels |= {f'{side}_{key}s': [sample[key] for sample in chosen] for key in ('pid', 'camid')}
    arguments = {side: tensors[0].float() for side, tensors in sides.items()}
    arguments |= {f'{side}_visibility': tensors[1] for side, tensors in sides.items()}

    found = []

    def rerank() -> None:
        own = KReciprocalReranking(**arguments)
        scores = evaluate_ranking(**arguments, **labels, topk=metric.topk, distances=own)
        found.extend([own, scores])

    start = time.perf_counter()
    peak = peak_above(rerank)
    wall = time.perf_counter() - start
    reranking, own_scores = found
    print(f'mmdrop: {wall:.1f} s, {peak:.0f} MiB above the embeddings, {processor()}')

    query, gallery = ([arguments[side], arguments[f'{side}_visibility']] for side in sides)
    start = time.perf_counter()
    final = authors(
        full_distance(query, gallery), full_distance(query, query), full_distance(gallery, gallery)
    )
    print(f'authors: {time.perf_counter() - start:.1f} s, all distances included')
    final = torch.from_numpy(final)
    scores = evaluate_ranking(
        **arguments, **labels, topk=metric.topk, distances=lambda rows: final[rows]
    )

    differences = []
    for rows in torch.arange(len(final)).split(BLOCK):
        differences.append((reranking(rows) - final[rows]).abs())
    difference = torch.cat(differences)
    share = (difference > 1e-5).float().mean()
    print(f'distances: at most {difference.max():.1e} apart, {share:.2e} of them more than 1e-5')
    print(f'{"":10}{"plain":>10}{"mmdrop":>10}{"authors":>10}')
    plain = evaluate_ranking(**arguments, **labels, topk=metric.topk)
    for name, value in own_scores.items():
        print(f'{name:10}{plain[name]:10.4f}{value:10.4f}{scores[name]:10.4f}')
    return int(any(abs(own_scores[n] - scores[n]) > args.max_difference for n in scores))


if __name__ == '__main__':
    sys.exit(main())
