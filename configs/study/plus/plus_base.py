"""Base of the candidates for drop_plus, no GPU: drop_mean_gamma, matched in two ways."""

from mmengine.config import read_base

from mmdrop.evaluation import ReIDMetric

with read_base():
    from ..drop_mean_gamma import *

# The parts alone, weighed by their visibility scores (docs/drop_plus.md).
test_evaluator = [
    test_evaluator,
    dict(type=ReIDMetric, embeddings='parts', graded=True, prefix='graded/reid'),
]
val_evaluator = test_evaluator
