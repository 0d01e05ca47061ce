r"""Check parsing labels and draw them: ``mim run mmdrop check_labels …``.

::

    mim run mmdrop check_labels configs/drop_hrnet32_occduke.py
    mim run mmdrop check_labels data/people/masks --images data/people --layout folder
    mim run mmdrop check_labels data/market_labels --images data/Market-1501-v15.09.15 \
        --layout market1501

A config checks the labels of its training images, as training would read them, set by set if it
joins several; a folder without ``--images`` its label files alone.  A picture of labels over
images, and a text file with the name of every label or image that is wrong, are written into
``--out-dir``.  The exit status is 1 where something is wrong.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from PIL import Image

from mmdrop.apis import browse_labels
from mmdrop.datasets import JointReID, ParsingSource
from mmdrop.engine import USER_ERRORS, add_cfg_options, find_config, read_config
from mmdrop.preparation import (
    LabelReport,
    check_labels,
    dataset_images,
    find_images,
    find_label_source,
    find_parsing_source,
)
from mmdrop.registry import DATASETS, TRANSFORMS

LISTS = ('missing', 'broken', 'unreadable', 'skewed', 'empty', 'unused')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('labels', help='config (file or name), folder of labels, or key-point file')
    parser.add_argument('--images', help='folder of images, or of the set that --layout names')
    parser.add_argument('--layout', help='market1501, occluded_duke …, folder: its training images')
    parser.add_argument('--test', action='store_true', help='with --layout: test images too')
    parser.add_argument('--source', help='LoadPifPafFields, LoadParsingMap …; else by the files')
    parser.add_argument(
        '--options',
        nargs='+',
        action=DictAction,
        default={},
        help='arguments of the source, key=value: num_parts=5 mapping=lip suffix=.npy',
    )
    add_cfg_options(parser, 'train_dataloader.dataset.data_root=DIR')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/check_labels'))
    parser.add_argument('--num-samples', type=int, default=16, help='labels in the picture')
    parser.add_argument('--processes', type=int, help='one for each core if left out')
    args = parser.parse_args()
    args.is_config = args.labels.endswith('.py') or (
        not Path(args.labels).exists() and find_config(args.labels) is not None
    )
    for name in ('images', 'layout', 'test', 'source', 'options'):
        if args.is_config and getattr(args, name):
            parser.error(f'--{name} is for a folder or file; a config has its own: --cfg-options')
    if args.cfg_options and not args.is_config:
        parser.error('--cfg-options is for a config')
    if (args.layout and not args.images) or (args.test and not args.layout):
        parser.error('--layout needs --images, and --test needs --layout')
    return args


def from_config(args: argparse.Namespace) -> dict[str, tuple[ParsingSource, list]]:
    """Label source and images of a config's training set, of each with labels if it joins some."""
    cfg = read_config(args.labels, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmdrop'))
    if not cfg.get('train_dataloader'):
        raise ValueError(f'{args.labels} has no train_dataloader')
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    joint = isinstance(dataset, JointReID)
    sets = dict(zip(dataset.names, dataset.datasets, strict=True)) if joint else {'': dataset}
    if not joint and not hasattr(dataset, 'pipeline'):
        raise ValueError(
            f'{args.labels} trains on a {type(dataset).__name__}: check the labels of each set in '
            'it by folder, with --images and --layout'
        )
    sources = {name: find_parsing_source(own) for name, own in sets.items()}
    found = {name: (s, dataset_images(sets[name])) for name, s in sources.items() if s is not None}
    if not found:
        raise ValueError(f'{args.labels}: the training pipeline has no label source')
    if len(found) < len(sets):
        print(f'without a label source: {", ".join(sets.keys() - found.keys())}')
    return found


def write_names(reports: Iterable[LabelReport], path: Path) -> None:
    """Write the name of every label and image that is not as it should be."""
    rows = [f'{name}: {x}\n' for report in reports for name in LISTS for x in getattr(report, name)]
    path.write_text(''.join(rows), encoding='utf-8')  # also if empty, over that of a former run
    if rows:
        print(f'all of their names: {path}')


def main() -> None:
    args = parse_args()
    try:
        if args.is_config:
            checked = from_config(args)
        else:
            source = TRANSFORMS.build(find_label_source(args.labels, args.source, **args.options))
            images = None
            if args.images:
                images = find_images(args.images, args.layout, args.test, skip=args.labels)
            checked = {'': (source, images)}
        reports = {}
        for name, (source, images) in checked.items():
            reports[name] = check_labels(source, images, args.processes)
            print(f'{name}: {reports[name]}' if name else reports[name])
        args.out_dir.mkdir(parents=True, exist_ok=True)
        write_names(reports.values(), args.out_dir / 'check_labels.txt')
        for name, report in reports.items():
            picture = args.out_dir / (f'labels_{name}.png' if name else 'labels.png')
            picture.unlink(missing_ok=True)  # of a former run
            if report.usable:
                drawn = browse_labels(checked[name][0], report.usable, args.num_samples)
                Image.fromarray(drawn).save(picture)
                print(f'picture: {picture}')
    except KeyboardInterrupt:
        sys.exit('stopped')
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    sys.exit(0 if all(report.ok for report in reports.values()) else 1)


if __name__ == '__main__':
    main()
