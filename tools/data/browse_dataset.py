r"""Draw samples behind the training pipeline: ``mim run mmdrop browse_dataset CONFIG``.

::

    mim run mmdrop browse_dataset configs/drop_hrnet32_occduke.py
    mim run mmdrop browse_dataset configs/drop_hrnet32_occduke.py --steps --indices 0 17

Each row begins with the image as it is; labels are drawn in.  With ``--steps`` it shows what each
transform makes of the image.
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmdrop.apis import browse_dataset
from mmdrop.engine import USER_ERRORS, add_cfg_options, read_config
from mmdrop.registry import DATASETS


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file, or the name of one that ships with mmdrop')
    parser.add_argument('--split', choices=['train', 'val', 'test'], default='train')
    parser.add_argument('--set', help='one of test_cfg.sets instead, such as pasted')
    parser.add_argument('--num-samples', type=int, default=8, help='how many to choose at random')
    parser.add_argument('--indices', type=int, nargs='+', help='which samples to draw instead')
    parser.add_argument('--repeats', type=int, help='passes through the pipeline: 3 in training')
    parser.add_argument('--steps', action='store_true', help='draw each transform instead')
    parser.add_argument('--seed', type=int, default=0, help='of the choice and the transforms')
    parser.add_argument('--height', type=int, default=192, help='of each image, in pixels')
    parser.add_argument('--out', type=Path, help='work_dirs/browse_dataset/CONFIG_SPLIT.png')
    add_cfg_options(parser, 'train_dataloader.dataset.data_root=DIR')
    return parser.parse_args()


def find_dataset(cfg: Config, split: str, name: str | None) -> dict:
    """Config of the data set of a split, or of a further test set."""
    if name:
        sets = (cfg.get('test_cfg') or {}).get('sets') or {}
        loader, lack = sets.get(name), f'test_cfg.sets has {[*sets]}, not {name!r}'
    else:
        loader, lack = cfg.get(f'{split}_dataloader'), f'no {split}_dataloader'
    if loader is None:
        raise ValueError(f'{cfg.filename}: {lack}')
    return loader.dataset


def main() -> None:
    args = parse_args()
    name = f'{Path(args.config).stem}_{args.set or args.split}{"_steps" * args.steps}.png'
    out = args.out or Path('work_dirs/browse_dataset', name)
    repeats = args.repeats or (3 if args.split == 'train' and not args.set else 1)
    try:
        cfg = read_config(args.config, args.cfg_options)
        init_default_scope(cfg.get('default_scope', 'mmdrop'))
        dataset = DATASETS.build(find_dataset(cfg, args.split, args.set))
        picture = browse_dataset(
            dataset, args.indices, args.num_samples, repeats, args.steps, args.seed, args.height
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(out)
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    print(f'samples 0 to {len(dataset) - 1}; picture: {out}')


if __name__ == '__main__':
    main()
