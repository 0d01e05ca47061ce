"""Checksum and statistics of a proxy of an occluded benchmark, such as Pasted-Market.

Two machines that print the same checksum test on the same pixels.  The queries come first, so
this looks at those of Market-1501 alone::

    python tools/data/occlusion_checksum.py --limit 3368
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmdrop.datasets import OccludePerson, hash_images, occluded_images
from mmdrop.datasets.occlusion.proxy import find_occlude_person
from mmdrop.engine import add_cfg_options, read_config
from mmdrop.registry import DATASETS

RECIPE = Path(__file__).parents[2] / 'configs/drop_efficientnetlite0_market1501.py'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', nargs='?', default=RECIPE, help='config with the test set')
    parser.add_argument(
        '--set', default='pasted', help="of test_cfg.sets, '' for the set of test_dataloader"
    )
    parser.add_argument('--seed', type=int, help='instead of that of the config')
    parser.add_argument('--limit', type=int, help='look at the first images only')
    add_cfg_options(parser, 'test_cfg.sets.pasted.dataset.data_root=DIR')
    return parser.parse_args()


class WatchParts:
    """Transform before OccludePerson that gives it the label to cover, to compare afterwards."""

    def __init__(self, occlude: OccludePerson):
        self.source = occlude.source
        self.shares: dict[str, list[float]] = {name: [] for name in self.source.groups.part_names}

    def __call__(self, results: dict) -> dict:
        if results['occlusion_seed'] >= 0 and self.source.has_label(results['label_stem']):
            results['gt_seg_map'] = self.source.load(results['label_stem'], results)
            results['whole'] = results['gt_seg_map']
        return results

    def compare(self, results: dict) -> None:
        """Keep the share of each part that is covered now."""
        if 'whole' in results:
            for label, shares in enumerate(self.shares.values(), 1):
                part = results['whole'] == label
                if part.any():
                    shares.append(float((results['gt_seg_map'][part] == 0).mean()))


def main() -> None:
    """Make the images and print what they are."""
    args = parse_args()
    cfg = read_config(args.config, args.cfg_options)
    sets = (cfg.get('test_cfg') or {}).get('sets') or {}
    if args.set and args.set not in sets:
        raise SystemExit(f'{args.config}: test_cfg.sets has {[*sets]}, not {args.set!r}')
    loader = sets[args.set] if args.set else cfg.test_dataloader
    if args.seed is not None:
        loader.dataset.occlusion.seed = args.seed
    dataset = DATASETS.build(loader.dataset)
    transforms = dataset.pipeline.transforms
    place = find_occlude_person(dataset)
    if place is None:
        raise SystemExit(f'{args.config}: the pipeline of the set has no OccludePerson')
    watch = WatchParts(transforms[place])
    transforms.insert(place, watch)

    number = 0
    shares, entries, occluders = [], Counter(), Counter()

    def watched() -> Iterator[dict]:
        nonlocal number
        for results in occluded_images(dataset, args.limit):
            number += 1
            if results['occluder']:
                shares.append(results['occluded_share'])
                entries[results['occluder_entry']] += 1
                occluders[results['occluder']] += 1
                watch.compare(results)
            yield results

    checksum = hash_images(watched())
    print(f'{dataset.metainfo["dataset_name"]}, seed {dataset.occlusion["seed"]}')
    print(f'images {number}, occluded {len(shares)}')
    for lowest, count in zip(
        np.arange(0, 1, 0.1), np.histogram(shares, 10, (0, 1))[0], strict=True
    ):
        if count:
            print(f'covered {lowest:.1f} to {lowest + 0.1:.1f} of the body: {count}')
    for name, counts in (('from', entries), ('by', occluders)):
        parts = [f'{key} {count / len(shares):.3f}' for key, count in counts.most_common()]
        print(f'occluded {name}: {", ".join(parts)}')
    means = [f'{name} {np.mean(found):.3f}' for name, found in watch.shares.items() if found]
    print(f'mean share covered of the {", ".join(means)}')
    print(f'sha256 {checksum}')


if __name__ == '__main__':
    main()
