"""How labels were made: a file beside them."""

import json
from pathlib import Path

from mmdrop.datasets.parsing.part_groups import PartGroups

OPTIONS_NAME = 'make_parsing_labels.json'
_PARTS = 'parts'


def keep_options(path: Path, config: dict, groups: PartGroups | None) -> None:
    """Write down how the labels are made, or refuse to mix them with others.

    Args:
        path: The file.
        config: Of the label maker.
        groups: Table of parts that the labels fill; None if they fill any.

    Raises:
        ValueError: The labels there were made otherwise.
    """
    if groups is not None:
        config = config | {_PARTS: dict(num_parts=len(groups.parts), groups=groups.name)}
    text = json.dumps(config, indent=1, sort_keys=True, default=str) + '\n'
    if path.exists() and path.read_text(encoding='utf-8') != text:
        raise ValueError(
            f'the labels in {path.parent} were made with other options, see {path}: take another '
            'folder, or delete this file to mix both'
        )
    path.write_text(text, encoding='utf-8')


def read_parts(folder: Path) -> dict:
    """``num_parts`` and ``groups`` of the one table that labels fill; empty if they fill any."""
    path = folder / OPTIONS_NAME
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError:
        return {}
    return dict(content.get(_PARTS, {})) if isinstance(content, dict) else {}
