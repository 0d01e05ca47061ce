r"""Does a calibration hold on a test set, and better than with one vector?

::

    python tools/analysis/check_calibration.py configs/drop_demo.py zoo://drop_demo \
        --rules foreground+parts global --out calibration.csv --figure calibration.png

Fits P(same person) to the pairs of the config's ``calibration_dataloaders``, once for each rule,
and looks at the pairs of its test sets, those of a ``MultiSetTestLoop`` included: expected
calibration error at a prior of ½, and what the thresholds for 1 % and 0.1 % false matches do.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import torch
from mmengine.config import DictAction
from mmengine.registry import DefaultScope

matplotlib.use('Agg')
from matplotlib import pyplot

from mmdrop.apis import Certainty, EmbeddingSet, calibrate
from mmdrop.apis.calibrating import LabelledSet, embed_set
from mmdrop.engine import USER_ERRORS, forbid_code, load_trained_model, read_config
from mmdrop.functional import Reliability, measure_reliability
from mmdrop.registry import SCOPE
from mmdrop.utils import csv_text, plain_table, write_atomically

RATES = (0.01, 0.001)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file or name, as the model was trained')
    parser.add_argument('checkpoint', help='checkpoint file, or zoo:// and the name of a model')
    parser.add_argument(
        '--rules', nargs='+', default=['foreground+parts'], help='embeddings joined by +'
    )
    parser.add_argument('--out', type=Path, help='CSV file to write')
    parser.add_argument('--figure', type=Path, help='reliability diagram to write')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    return parser.parse_args()


def measure(certainty: Certainty, labelled: LabelledSet) -> tuple[dict[str, Any], Reliability]:
    """Figures of a calibration on the pairs of a test set, and their diagram."""
    query, gallery, same = labelled.pairs()
    evidence = certainty.compare(*(take(labelled.embedded, rows) for rows in (query, gallery)))
    reliability = measure_reliability(evidence.probability(), same)
    total = evidence.log_odds.sum(1)
    figures: dict[str, Any] = dict(
        genuine=int(same.sum()),
        impostor=int((~same).sum()),
        ECE=100 * reliability.error,
        shared=evidence.shared.double().sum(1).mean().item(),
    )
    for rate in RATES:
        accepted = total > certainty.threshold(rate)
        figures[f'false matches at {100 * rate:g} %'] = 100 * accepted[~same].double().mean().item()
        figures[f'found at {100 * rate:g} %'] = 100 * accepted[same].double().mean().item()
    return figures, reliability


def take(embedded: EmbeddingSet, rows: torch.Tensor) -> EmbeddingSet:
    """Rows of a set of embeddings."""
    return embedded.take(rows.tolist())


def draw(diagrams: Mapping[str, Mapping[str, Reliability]], path: Path) -> None:
    """One diagram a test set, a line for each rule."""
    figure, axes = pyplot.subplots(
        1, len(diagrams), figsize=(4 * len(diagrams), 4), squeeze=False, layout='constrained'
    )
    for axis, (name, rules) in zip(axes[0], diagrams.items(), strict=True):
        axis.plot([0, 1], [0, 1], color='0.7', linestyle='--', linewidth=1)
        for rule, reliability in rules.items():
            filled = reliability.weight > 0
            label = f'{rule}, ECE {100 * reliability.error:.1f} %'
            axis.plot(reliability.said[filled], reliability.true[filled], marker='o', label=label)
        axis.set(title=name, xlabel='said: P(same person)', ylabel='true: share of one person')
        axis.legend(frameon=False, fontsize='small')
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main() -> None:
    args = parse_args()
    forbid_code()
    try:
        cfg = read_config(args.config)
        cfg.merge_from_dict(args.cfg_options)
        model = load_trained_model(cfg, args.checkpoint).model.eval()
        loaders = {'test set': cfg.test_dataloader} | dict(cfg.test_cfg.get('sets') or {})
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope', SCOPE)):
            held_out = {k: embed_set(model, v) for k, v in cfg.calibration_dataloaders.items()}
            tested = {k: embed_set(model, v) for k, v in loaders.items()}
        rows = []
        diagrams: dict[str, dict[str, Reliability]] = {name: {} for name in tested}
        for rule in args.rules:
            certainty = calibrate(held_out, rule.split('+'))
            for name, labelled in tested.items():
                figures, diagrams[name][rule] = measure(certainty, labelled)
                rows.append({'set': name, 'rule': rule, **figures})
        if args.out:
            write_atomically(args.out, csv_text(rows, list(rows[0]), digits=3))
        if args.figure:
            draw(diagrams, args.figure)
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    cells = [[f'{x:.2f}' if isinstance(x, float) else str(x) for x in row.values()] for row in rows]
    print(plain_table([list(rows[0]), *cells]))


if __name__ == '__main__':
    main()
