r"""Search of large galleries: patterns of visibility, recall, latency, memory, build time, updates.

Gallery and queries are sets of embeddings, and distractors are made of the gallery's: each takes
every embedding from another image, and its visibility from one more::

    mmdrop embed data/Market-1501-v15.09.15/bounding_box_test --out gallery.safetensors
    mmdrop embed data/Market-1501-v15.09.15/query --out query.safetensors
    python tools/benchmarks/benchmark_gallery.py gallery.safetensors query.safetensors \
        --distractors 100000 --index Flat --out benchmarks/gallery.csv
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from measure import seconds, write_row
from torch import Tensor

from mmdrop.apis import EmbeddingSet
from mmdrop.apis.gallery import FaissEngine
from mmdrop.functional import part_distance, to_flat
from mmdrop.utils import memory_mib, processor

RULE = ('foreground', 'parts')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('gallery', help='set of embeddings')
    parser.add_argument('query', help='set of embeddings')
    parser.add_argument('--distractors', type=int, default=0)
    parser.add_argument('--index', default='Flat', help='as faiss.index_factory reads it')
    parser.add_argument('--queries', type=int, default=200, help='evenly spaced ones')
    parser.add_argument('--candidates', type=int, default=200, help='of which the exact order is')
    parser.add_argument('--out', type=Path, help='CSV file to append the line to')
    return parser.parse_args()


def make_distractors(values: Tensor, visible: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """People who do not exist: embeddings of others, one from each of several images."""
    rng = np.random.default_rng(0)
    made = torch.empty(number, *values.shape[1:])
    for column in range(values.shape[1]):
        seen = visible[:, column].nonzero()[:, 0]
        seen = seen if len(seen) else torch.arange(len(values))
        made[:, column] = values[seen[rng.integers(0, len(seen), number)], column]
    return made, visible[rng.integers(0, len(values), number)]


def main() -> None:
    """Measure and print one CSV line."""
    args = parse_args()
    gallery, query = (EmbeddingSet.open(path) for path in (args.gallery, args.query))
    values, visible = gallery.select(RULE)
    more, more_visible = make_distractors(values, visible, args.distractors)
    values, visible = torch.cat([values, more]), torch.cat([visible, more_visible])
    del more, more_visible
    rows = torch.linspace(0, len(query) - 1, min(args.queries, len(query))).round().long()
    asked, shown = (x[rows] for x in query.select(RULE))
    codes = to_flat(asked, shown).numpy()

    engine = FaissEngine(args.index)
    before = memory_mib('VmRSS')
    built = seconds(engine.build, values, visible)
    memory = memory_mib('VmRSS') - before
    latency, exact_latency, recalls = [], [], {'squared': [], 'paper': []}
    for row in range(len(rows)):
        start = time.perf_counter()
        found = engine.nearest(codes[row], shown[row].numpy(), args.candidates)
        chosen = torch.from_numpy(found)
        near = part_distance(asked[row : row + 1], values[chosen], shown[row : row + 1], visible[chosen])
        ordered = chosen[near[0].argsort(stable=True)[:10]]
        latency.append(time.perf_counter() - start)
        for name, squared in (('squared', True), ('paper', False)):
            start = time.perf_counter()
            all_of_them = part_distance(
                asked[row : row + 1], values, shown[row : row + 1], visible, squared=squared
            )[0]
            truth = all_of_them.topk(10, largest=False).values[-1]
            exact_latency.append(time.perf_counter() - start)
            places = chosen[:10] if squared else ordered
            recalls[name].append((all_of_them[places] <= truth + 1e-6).double().mean().item())
    added = seconds(engine.add, values[:1000], visible[:1000], len(values))
    write_row(
        dict(
            gallery=len(values),
            patterns=engine.num_patterns,
            index=args.index,
            build_s=round(built, 2),
            index_mib=round(memory),
            ms_a_query=round(1000 * statistics.median(latency), 2),
            exact_ms_a_query=round(1000 * statistics.median(exact_latency), 2),
            recall_10_squared=round(statistics.mean(recalls['squared']), 4),
            recall_10_paper=round(statistics.mean(recalls['paper']), 4),
            add_1000_s=round(added, 3),
            hardware=processor(),
        ),
        args.out,
    )


if __name__ == '__main__':
    main()
