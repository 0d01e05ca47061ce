"""What ``tools/test.py`` can report beside the scores that a config asks for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmengine.config import Config, ConfigDict

import mmdrop
from mmdrop.engine.config import read_config
from mmdrop.registry import type_name

_TEST_SETS = Path(mmdrop.__file__).parent / 'configs/_base_/datasets/test_sets.py'


def report_table(cfg: Config) -> None:
    """Make the config's metrics report every row of Table 6."""
    for metric in _reid_metrics(cfg):
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


def report_reranked(cfg: Config) -> None:
    """Make the config's metrics report the scores after re-ranking too."""
    for metric in _reid_metrics(cfg):
        metric.rerank = metric.get('rerank') or True


def replace_test_sets(cfg: Config, sets: Sequence[str]) -> None:
    """Test on other sets than the config's, each through its test pipeline.

    Args:
        cfg: The config.
        sets: Names of ``configs/_base_/datasets/test_sets.py``, or ``name=folder`` for a set that
            lies elsewhere. The first takes the place of ``test_dataloader``; the metrics of the
            others carry their names.

    Raises:
        ValueError: A name is not known or given twice, or the config loads no images from files.
    """
    known = read_config(_TEST_SETS).test_sets
    pipeline = next(_datasets(cfg.test_dataloader.dataset)).get('pipeline') or []
    if not _names(pipeline).count('LoadImage'):  # rendered images; files have their own pipeline
        pipeline = cfg.get('test_pipeline') or []
    if not _names(pipeline).count('LoadImage'):
        raise ValueError('--on needs LoadImage in the test pipeline of the config')
    loaders = {}
    for text in sets:
        name, _, folder = text.partition('=')
        if name not in known or name in loaders:
            raise ValueError(f'--on takes each of {", ".join(known)} once, got {text!r}')
        dataset = dict(type='ReIDDataset', split='test', pipeline=pipeline, **known[name])
        if folder:
            dataset['data_root'] = folder
        loaders[name] = ConfigDict(cfg.test_dataloader, dataset=dataset)
    cfg.test_dataloader = loaders.pop(next(iter(loaders)))
    cfg.test_cfg = dict(type='MultiSetTestLoop', sets=loaders)


def _datasets(dataset: ConfigDict | None) -> Iterator[ConfigDict]:
    """The data sets inside wrappers such as ``ConcatDataset`` and ``JointReID``."""
    if dataset is None:
        return
    several = dataset.get('datasets', [])
    inner = [*(several.values() if isinstance(several, dict) else several)]
    inner += filter(None, [dataset.get('dataset')])
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


def _reid_metrics(cfg: Config) -> list:
    return [m for m in _evaluators(cfg) if type_name(m).endswith('ReIDMetric')]


def _evaluators(cfg: Config) -> list:
    evaluators = cfg.get('test_evaluator') or []
    if isinstance(evaluators, dict):
        evaluators = evaluators.get('metrics', [evaluators])
    return list(evaluators)
