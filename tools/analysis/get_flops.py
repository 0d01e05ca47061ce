"""Parameters and operations of a recipe's model, in all and by component, for one image at test.

An operation is one multiplication with its addition, as in MMEngine and in most papers::

    python tools/analysis/get_flops.py configs/drop_hrnet32_occduke.py
"""

import argparse

import torch
from mmengine.analysis import FlopAnalyzer, parameter_count
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdrop.engine import input_size, load_config, make_parser
from mmdrop.registry import MODELS
from mmdrop.utils import plain_table


def count(cfg: Config, size: tuple[int, int]) -> list[list[str]]:
    """Cells of a table, header first: component, parameters in million, operations in giga."""
    for part in cfg.model.values():
        if isinstance(part, dict):
            part.pop('init_cfg', None)  # the weights do not matter
    init_default_scope(cfg.get('default_scope', 'mmdrop'))
    model = MODELS.build(cfg.model).eval()
    operations = FlopAnalyzer(model, torch.zeros(1, 3, *size))
    operations.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    by_module, parameters = operations.by_module(), parameter_count(model)
    cells = [['component', 'parameters (M)', 'operations (G)']]
    for name in ('', *(name for name, _ in model.named_children())):
        numbers = parameters.get(name, 0) / 1e6, by_module[name] / 1e9
        if any(numbers):
            cells.append([name or 'model', *(f'{number:.3f}' for number in numbers)])
    return cells


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('--size', type=int, nargs=2, help='height and width, else those of a test')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    height, width = args.size or input_size(cfg)
    print(f'one image of {height}×{width}')
    print(plain_table(count(cfg, (height, width))))


if __name__ == '__main__':
    main()
