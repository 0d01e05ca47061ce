r"""Make one file of a recipe and its checkpoint: ``mim run mmdrop pack_model …``.

::

    mim run mmdrop pack_model configs/drop_demo.py work_dirs/drop_demo/epoch_12.pth demo.safetensors
    python tools/zoo/pack_model.py configs/drop_demo.py work_dirs/drop_demo/epoch_12.pth \
        mmdrop/zoo/weights/drop_demo.safetensors --training-sets 'rendered pedestrians' \
        --terms any --metafile configs/metafile.yml

The file holds half-precision weights and the config of network, test pipeline and matching: no
classifiers, no memory bank, no optimiser.  ``ReIDInferencer('demo.safetensors')`` reads it, without
the recipe.  It is written only if its embeddings agree with those of the checkpoint.  The second
command makes it a model of the zoo, in a clone: the metafile gets its facts and its SHA-256.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from mmdrop.apis import Certainty, PackedModel, pack_model
from mmdrop.engine import USER_ERRORS, find_config, forbid_code
from mmdrop.utils import write_atomically
from mmdrop.zoo import describe_model, read_entry, replace_entry


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file or name, as the model was trained')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('file', type=Path, help='what to write, ….safetensors')
    parser.add_argument('--name', help='of the model; else the stem of the file')
    parser.add_argument('--training-sets', nargs='+', default=[], help='data sets it has seen')
    parser.add_argument('--terms', default='', help='what these allow: research, any …')
    parser.add_argument('--calibration', type=Path, help='what calibrate_model wrote')
    parser.add_argument('--metafile', type=Path, help='write an entry of the model there')
    return parser.parse_args()


def write_entry(metafile: Path, packed: PackedModel, config: Path) -> None:
    """Write facts and SHA-256 of a model into a metafile, which lies in ``configs/``."""
    root = metafile.resolve().parent.parent
    paths = (os.path.relpath(path.resolve(), root) for path in (packed.file, config))
    weights, recipe = (path.replace(os.sep, '/') for path in paths)
    text = metafile.read_text(encoding='utf-8')
    former = read_entry(text, packed.info.name)
    facts = {'Parameters': packed.parameters, 'SHA256': packed.sha256}
    entry = describe_model(former, packed.info, weights, recipe, facts)
    write_atomically(metafile, replace_entry(text, entry))


def main() -> None:
    args = parse_args()
    forbid_code()
    try:
        certainty = None
        if args.calibration:
            certainty = Certainty.from_dict(json.loads(args.calibration.read_text()))
        packed = pack_model(
            args.config,
            args.checkpoint,
            args.file,
            args.name,
            args.training_sets,
            args.terms,
            certainty,
        )
        if args.metafile:
            write_entry(args.metafile, packed, find_config(args.config))
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    print(packed)


if __name__ == '__main__':
    main()
