"""Which checkpoint of a work dir a run goes on from."""

from collections.abc import Callable
from pathlib import Path

from mmdrop.engine.checkpoints.whole_checkpoints import (
    TEMPLATES,
    list_checkpoints,
    marked_checkpoint,
    read_training_state,
)


def newest_readable_checkpoint(
    work_dir: str | Path,
    folder: str | Path | None = None,
    templates: tuple[str, ...] = TEMPLATES,
    warn: Callable[[str], object] = lambda message: None,
) -> Path | None:
    """Newest checkpoint of a folder that a training can go on from.

    That is the marked one, unless one of a higher number was saved later: a kill came between the
    checkpoint and its mark. (Those of a higher number that were saved earlier belong to a run
    that was set back.)

    Args:
        work_dir: Where the marker is.
        folder: Where the checkpoints are, the work dir if None.
        templates: Their names, with ``{}`` for the number.
        warn: Is told of each checkpoint that is left out, and why.

    Raises:
        ValueError: There are checkpoints, but none can be used, and not all of them are cut.
    """
    refused: list[str] = []
    paths = list_checkpoints(work_dir, folder, templates)
    name = Path(marked_checkpoint(work_dir)).name
    marked = paths[0] if paths and paths[0].name == name else None
    age = _age(marked, warn, refused) if marked else None
    newest = marked if age else None
    for path in paths[1 if marked else 0 :]:
        if newest and _number(path) <= _number(newest):
            continue
        other = _age(path, warn, refused)
        if other and (age is None or other > age):
            newest, age = path, other
            break  # numbers fall
    if newest is None and refused:
        raise ValueError(
            f'cannot go on from any checkpoint in {Path(folder or work_dir)}: '
            f'{"; ".join(refused)}. Name another with --resume FILE, or train without --resume '
            'in another --work-dir'
        )
    return newest


def _age(
    path: Path, warn: Callable[[str], object], refused: list[str]
) -> tuple[str, int, int] | None:
    """When a checkpoint was saved: clock time, then epoch and iteration, None if it is unusable."""
    try:
        meta = read_training_state(path)['meta']
        return str(meta.get('time', '')), meta['epoch'], meta['iter']
    except EOFError as error:
        reason = str(error)
    except (KeyError, ValueError) as error:
        reason = str(error)
        refused.append(f'{path.name}: {reason}')
    warn(f'{path} is left out: {reason}')
    return None


def _number(path: Path) -> int:
    digits = ''.join(filter(str.isdecimal, path.stem))
    return int(digits or 0)
