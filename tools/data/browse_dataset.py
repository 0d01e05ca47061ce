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

from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from PIL import Image

from mmdrop.apis import browse_dataset
from mmdrop.apis.loading import load_config
from mmdrop.registry import DATASETS


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file, or the name of one that ships with mmdrop')
    parser.add_argument('--split', choices=['train', 'val', 'test'], default='train')
    parser.add_argument('--num-samples', type=int, default=8, help='how many to choose at random')
    parser.add_argument('--indices', type=int, nargs='+', help='which samples to draw instead')
    parser.add_argument('--repeats', type=int, default=3, help='passes through the pipeline')
    parser.add_argument('--steps', action='store_true', help='draw each transform instead')
    parser.add_argument('--seed', type=int, default=0, help='of the choice and the transforms')
    parser.add_argument('--height', type=int, default=192, help='of each image, in pixels')
    parser.add_argument('--out', type=Path, help='work_dirs/browse_dataset/CONFIG_SPLIT.png')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='override config values, key=value: train_dataloader.dataset.data_root=DIR',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    name = f'{Path(args.config).stem}_{args.split}.png'
    out = args.out or Path('work_dirs/browse_dataset', name)
    try:
        cfg = load_config(args.config)
        cfg.merge_from_dict(args.cfg_options)
        init_default_scope(cfg.get('default_scope', 'mmdrop'))
        dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
        picture = browse_dataset(
            dataset,
            args.indices,
            args.num_samples,
            args.repeats,
            args.steps,
            args.seed,
            args.height,
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(out)
    except (ImportError, KeyError, LookupError, OSError, TypeError, ValueError) as error:
        sys.exit(f'error: {error}')
    print(f'samples 0 to {len(dataset) - 1}; picture: {out}')


if __name__ == '__main__':
    main()
