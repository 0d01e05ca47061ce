"""Changes of a metafile that leave the rest of its text as it is."""

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from mmdrop.zoo.model_file import ModelInfo

_ENTRY = re.compile(r'^  - Name: (\S+)\n(?:(?:    .*)?\n)*', re.MULTILINE)


def read_entry(text: str, name: str) -> dict[str, Any]:
    """Entry of a model, ``{'Name': name}`` if there is none.

    Args:
        text: The metafile.
        name: Of the model.
    """
    models = yaml.safe_load(text)['Models']
    return next((entry for entry in models if entry['Name'] == name), {'Name': name})


def replace_entry(text: str, entry: Mapping[str, Any]) -> str:
    """The metafile with this entry in place of that of the same name, or at its end.

    Args:
        text: The metafile.
        entry: Of a model, ``Name`` first.
    """
    lines = yaml.safe_dump([dict(entry)], sort_keys=False, allow_unicode=True, width=1000)
    written = textwrap.indent(lines, '  ')
    head, start, models = text.partition('Models:\n')
    for match in _ENTRY.finditer(models):
        if match[1] == entry['Name']:
            return head + start + models[: match.start()] + written + models[match.end() :]
    return head + start + models.rstrip('\n') + '\n' + written


def describe_model(
    entry: Mapping[str, Any], info: ModelInfo, weights: str, config: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The entry of a model whose weights were written anew; figures of others are dropped.

    Args:
        entry: The former entry, or one that holds ``Name`` alone.
        info: What the model file says.
        weights: The model file, as from the folder of the package ``mmdrop``.
        config: The recipe, likewise.
        facts: Further metadata: ``Parameters``, ``SHA256``.
    """
    former = entry.get('Metadata') or {}
    backbone = info.config['model']['backbone']
    sets = info.training_sets
    metadata = former | {
        'Training Data': sets[0] if len(sets) == 1 else sets,
        'Backbone': former.get(
            'Backbone', backbone.get('model_name', backbone['type'].rpartition('.')[2])
        ),
        'Parts': len(info.parts),
        'Input Size': '×'.join(map(str, info.input_size)),
        'Embeddings': f'{len(info.embedding_names)} × {info.channels}',
        'Terms': info.terms,
        **facts,
    }
    results = entry.get('Results') if former.get('SHA256') == facts['SHA256'] else None
    return {
        'Name': entry['Name'],
        'In Collection': entry.get('In Collection', 'DROP'),
        'Metadata': metadata,
        **({'Results': results} if results else {}),
        'Config': config,
        'Weights': weights,
    }
