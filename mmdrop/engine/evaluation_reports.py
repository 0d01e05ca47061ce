"""What ``tools/test.py`` can report beside the scores that a config asks for."""

from mmengine.config import Config, ConfigDict

from mmdrop.registry import type_name


def report_table(cfg: Config) -> None:
    """Make the config's metrics report every row of Table 6."""
    for metric in _evaluators(cfg):
        if type_name(metric) != 'ParsingMetric':
            metric.table = True


def report_parsing(cfg: Config) -> None:
    """Add :class:`ParsingMetric`, and the training images' label sources to the test pipelines.

    A label source is a step named ``Load…`` that is not ``LoadImage…``. Test images without a
    label are left out. A data set that makes its own labels, as ``SyntheticReID`` does, needs none.
    """
    sources = [
        ConfigDict(step, missing='ignore')
        for step in cfg.train_dataloader.dataset.get('pipeline', [])
        if type_name(step).startswith('Load') and not type_name(step).startswith('LoadImage')
    ]
    loaders = [cfg.test_dataloader, *cfg.test_cfg.get('sets', {}).values()]
    for dataset in (loader.dataset for loader in loaders):
        image, *rest = dataset.pipeline
        if not type_name(image).startswith('LoadImage'):
            continue
        has_source = any(type_name(step).startswith('Load') for step in rest)
        dataset.pipeline = [image, *([] if has_source else sources), *rest]
    metrics = _evaluators(cfg)
    if not any(type_name(metric) == 'ParsingMetric' for metric in metrics):
        cfg.test_evaluator = [*metrics, dict(type='ParsingMetric')]


def _evaluators(cfg: Config) -> list:
    evaluators = cfg.test_evaluator
    return list(evaluators) if isinstance(evaluators, list | tuple) else [evaluators]
