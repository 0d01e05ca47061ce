"""What ``tools/test.py`` can report beside the scores that a config asks for."""

from collections.abc import Iterator

from mmengine.config import Config, ConfigDict

from mmdrop.registry import type_name


def report_table(cfg: Config) -> None:
    """Make the config's metrics report every row of Table 6."""
    for metric in _evaluators(cfg):
        if type_name(metric).endswith('ReIDMetric'):
            metric.table = True


def report_parsing(cfg: Config) -> None:
    """Add :class:`ParsingMetric`, and the training images' label sources to the test pipelines.

    A label source is a step behind ``LoadImage`` that is named ``Load…`` too. It gets
    ``missing='ignore'``, so test images without a label are left out. A data set without
    ``LoadImage``, such as ``SyntheticReID``, makes its own labels.

    Raises:
        ValueError: A test pipeline loads no labels, and neither does the training pipeline.
    """
    loaders = [cfg.test_dataloader, *(cfg.test_cfg or {}).get('sets', {}).values()]
    for loader in loaders:
        for dataset in _datasets(loader.dataset):
            steps = list(dataset.get('pipeline') or [])
            if not _names(steps).count('LoadImage') or _sources(steps):
                continue
            sources = [
                ConfigDict(step, missing='ignore')
                for trained in _datasets((cfg.get('train_dataloader') or {}).get('dataset'))
                for step in _sources(trained.get('pipeline') or [])
            ][:1]
            if not sources:
                raise ValueError(
                    'the training pipeline loads no parsing labels: put a label source, such as '
                    'LoadKeypointParsing, behind LoadImage of the test pipeline'
                )
            place = _names(steps).index('LoadImage') + 1
            dataset.pipeline = [*steps[:place], *sources, *steps[place:]]
    metrics = _evaluators(cfg)
    if 'ParsingMetric' not in _names(metrics):
        cfg.test_evaluator = [*metrics, dict(type='ParsingMetric')]


def _datasets(dataset: ConfigDict | None) -> Iterator[ConfigDict]:
    """The data sets inside wrappers such as ``ConcatDataset``."""
    if dataset is None:
        return
    inner = [*dataset.get('datasets', []), *filter(None, [dataset.get('dataset')])]
    for child in inner:
        yield from _datasets(child)
    if not inner:
        yield dataset


def _sources(steps: list) -> list:
    names = _names(steps)
    loads = [name.startswith('Load') and not name.startswith('LoadImage') for name in names]
    return [step for step, is_source in zip(steps, loads, strict=True) if is_source]


def _names(configs: list) -> list[str]:
    return [type_name(config) for config in configs]


def _evaluators(cfg: Config) -> list:
    evaluators = cfg.get('test_evaluator') or []
    if isinstance(evaluators, dict):
        evaluators = evaluators.get('metrics', [evaluators])
    return list(evaluators)
