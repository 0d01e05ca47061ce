"""What inference takes from a config."""

from collections.abc import Mapping
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
