"""What inference takes from a config."""

from collections.abc import Mapping

from mmengine.config import Config

from mmdrop.registry import type_name

_EMBEDDINGS = ('foreground', 'parts')


def tested_matching(cfg: Config) -> tuple[tuple[str, ...], str]:
    """``embeddings`` and ``hidden`` of the config's first ``ReIDMetric``, or the paper's."""
    evaluators = cfg.get('test_evaluator') or []
    for evaluator in [evaluators] if isinstance(evaluators, Mapping) else evaluators:
        if type_name(evaluator).endswith('ReIDMetric'):
            names = evaluator.get('embeddings', _EMBEDDINGS)
            names = (names,) if isinstance(names, str) else tuple(names)
            return names, evaluator.get('hidden', 'skip')
    return _EMBEDDINGS, 'skip'
