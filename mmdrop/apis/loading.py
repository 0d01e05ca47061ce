"""What inference takes from a config."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from mmdrop.registry import type_name


class Matching(NamedTuple):
    """How a config compares images; the defaults are the paper's.

    Attributes:
        embeddings: Names of the embeddings to match by.
        hidden: What embeddings count that a gallery image hides.
        graded: Weigh embeddings by their visibility scores.
        squared: Take the mean of squared distances.
    """

    embeddings: tuple[str, ...] = ('foreground', 'parts')
    hidden: str | float = 'skip'
    graded: bool = False
    squared: bool = False


def tested_matching(cfg: Config) -> Matching:
    """The arguments of the config's first ``ReIDMetric``, or the paper's."""
    evaluators = cfg.get('test_evaluator') or []
    for evaluator in [evaluators] if isinstance(evaluators, Mapping) else evaluators:
        if type_name(evaluator).endswith('ReIDMetric'):
            given = {name: evaluator[name] for name in Matching._fields if name in evaluator}
            names = given.pop('embeddings', Matching().embeddings)
            return Matching((names,) if isinstance(names, str) else tuple(names), **given)
    return Matching()


def model_name(source: str | os.PathLike | Config, weights: str | os.PathLike | None) -> str:
    """What to call a model: its name in the zoo, or the stems of its files."""
    name = Path(source.filename or 'config') if isinstance(source, Config) else Path(source)
    return name.stem if weights is None else f'{name.stem}:{Path(weights).stem}'
