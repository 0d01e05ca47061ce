r"""Measure how sure a model may be of a match: ``mim run mmdrop calibrate_model …``.

::

    mim run mmdrop calibrate_model configs/drop_demo.py work_dirs/drop_demo/epoch_12.pth \
        work_dirs/drop_demo/calibration.json
    python tools/zoo/calibrate_model.py configs/drop_demo.py zoo://drop_demo calibration.json

Fits P(same person) to pairs of the config's ``calibration_dataloaders``: a dict of data loaders as
``test_dataloader``, of people that the model was not trained on.  ``pack_model --calibration`` puts
what it writes into a model file, with which ``ReIDInferencer`` says how sure it is.
"""

import argparse
import json
import sys
from pathlib import Path

from mmengine.config import DictAction

from mmdrop.apis import calibrate_model
from mmdrop.apis.calibrating import describe_certainty
from mmdrop.engine import USER_ERRORS, forbid_code, read_config
from mmdrop.utils import write_atomically


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file or name, as the model was trained')
    parser.add_argument('checkpoint', help='checkpoint file, or zoo:// and the name of a model')
    parser.add_argument('file', type=Path, help='what to write, ….json')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    forbid_code()
    try:
        cfg = read_config(args.config)
        cfg.merge_from_dict(args.cfg_options)
        certainty = calibrate_model(cfg, args.checkpoint)
        write_atomically(args.file, json.dumps(certainty.to_dict(), indent=1) + '\n')
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    print(describe_certainty(certainty))


if __name__ == '__main__':
    main()
