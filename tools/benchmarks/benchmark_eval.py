"""Time and memory of the evaluation, against the bare matrix products of its distances.

The defaults are the size of Occluded-Duke with foreground and 8 part embeddings::

    OMP_NUM_THREADS=2 python tools/benchmarks/benchmark_eval.py --repeats 3
"""

import argparse
import statistics
from pathlib import Path

import torch
from measure import seconds, write_row

from mmdrop.functional import KReciprocalReranking, evaluate_ranking
from mmdrop.utils import peak_above, processor


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--queries', type=int, default=2210)
    parser.add_argument('--gallery', type=int, default=17661)
    parser.add_argument('--embeddings', type=int, default=9)
    parser.add_argument('--channels', type=int, default=512)
    parser.add_argument('--visible', type=float, default=0.5, help='share of visible embeddings')
    parser.add_argument('--repeats', type=int, default=3, help='the median is reported')
    parser.add_argument('--rerank', action='store_true', help='re-rank, instead of the products')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', type=Path, help='CSV file to append the line to')
    return parser.parse_args()


def matrix_products(query: torch.Tensor, gallery: torch.Tensor, size: int) -> None:
    """Multiply embedding by embedding, in blocks of ``size`` by ``size`` pairs, into one buffer."""
    buffer = torch.empty(min(size, len(query)) * min(size, len(gallery)))
    for rows in query.split(size):
        for columns in gallery.split(size):
            shape = len(rows), len(columns)
            out = buffer[: shape[0] * shape[1]].view(shape)
            for e in range(query.shape[1]):
                torch.mm(rows[:, e], columns[:, e].T, out=out)


def evaluate_reranked(inputs: dict) -> None:
    """Re-rank and score."""
    images = {k: x for k, x in inputs.items() if not k.endswith('ids')}
    evaluate_ranking(**inputs, distances=KReciprocalReranking(**images))


def main() -> None:
    """Measure and print one CSV line."""
    args = parse_args()
    torch.manual_seed(args.seed)
    sizes = {'query': args.queries, 'gallery': args.gallery}
    num_pids = {'query': 519, 'gallery': 1110}  # of Occluded-Duke; 8 cameras
    inputs = {}
    for side, size in sizes.items():
        inputs[side] = torch.randn(size, args.embeddings, args.channels)
        inputs[f'{side}_visibility'] = torch.rand(size, args.embeddings) < args.visible
        inputs[f'{side}_pids'] = torch.randint(num_pids[side], (size,))
        inputs[f'{side}_camids'] = torch.randint(8, (size,))

    row = {
        'Q': args.queries,
        'G': args.gallery,
        'E': args.embeddings,
        'C': args.channels,
    }
    if args.rerank:
        peak = peak_above(lambda: evaluate_reranked(inputs))
        row['reranked_s'] = round(seconds(evaluate_reranked, inputs), 1)
        row |= {'peak_mib_above_inputs': round(peak, 1), 'device': processor()}
        write_row(row, args.out)
        return
    # First, so that no memory freed earlier hides what the evaluation needs.
    peak = peak_above(lambda: evaluate_ranking(**inputs))
    block_sizes = 1024, max(args.queries, args.gallery)  # either can be faster
    products, evaluation = {size: [] for size in block_sizes}, []
    for _ in range(args.repeats):
        for size, times in products.items():
            times.append(seconds(matrix_products, inputs['query'], inputs['gallery'], size))
        evaluation.append(seconds(evaluate_ranking, **inputs))
    products = min(statistics.median(times) for times in products.values())
    evaluation = statistics.median(evaluation)

    row |= {
        'products_s': round(products, 3),
        'evaluate_ranking_s': round(evaluation, 3),
        'ratio': round(evaluation / products, 3),
        'peak_mib_above_inputs': round(peak, 1),
        'device': processor(),
    }
    write_row(row, args.out)


if __name__ == '__main__':
    main()
