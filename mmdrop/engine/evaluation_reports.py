"""What ``tools/test.py`` can report beside the scores that a config asks for."""

import re
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, ConfigDict

import mmdrop
from mmdrop.engine.config import read_config
from mmdrop.engine.config_datasets import inner_datasets, input_size
from mmdrop.registry import type_name

_TEST_SETS = Path(mmdrop.__file__).parent / 'configs/_base_/datasets/test_sets.py'


def report_table(cfg: Config) -> None:
    """Make the config's metrics report every row of Table 6."""
    for metric in _reid_metrics(cfg):
        metric.table = True


def report_parsing(cfg: Config) -> None:
    """Add :class:`ParsingMetric`, and the training images' label sources to the test pipelines.

    A label source is a step behind ``LoadImage`` that is named ``Load…`` too; where several sets
    are trained on, that of the test set's own folder. It gets ``missing='ignore'``, so test images
    without a label are left out. A data set without
    ``LoadImage``, such as ``SyntheticReID``, makes its own labels.

    Raises:
        ValueError: A test pipeline loads no labels, and neither does the training pipeline.
    """
    loaders = [cfg.test_dataloader, *(cfg.test_cfg or {}).get('sets', {}).values()]
    for loader in loaders:
        for dataset in inner_datasets(loader.dataset):
            steps = list(dataset.get('pipeline') or [])
            if not _names(steps).count('LoadImage') or _sources(steps):
                continue
            trained = inner_datasets((cfg.get('train_dataloader') or {}).get('dataset'))
            root = dataset.get('data_root')
            sources = [
                ConfigDict(step, missing='ignore')
                for other in sorted(trained, key=lambda other: other.get('data_root') != root)
                for step in _sources(other.get('pipeline') or [])
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


def report_verification(cfg: Config) -> None:
    """Make the config's metrics report verification and open-set identification too."""
    for metric in _reid_metrics(cfg):
        metric.verification = metric.get('verification') or True


def replace_test_sets(cfg: Config, sets: Sequence[str]) -> None:
    """Test on other sets than the config's, each through its test pipeline.

    Args:
        cfg: The config.
        sets: Names of ``configs/_base_/datasets/test_sets.py``; ``name=folder`` for such a set
            that lies elsewhere; or ``name=config.py`` for the test set of another config, and
            ``name=config.py:further`` for a further set of its ``MultiSetTestLoop``, under any
            name.  The first takes the place of ``test_dataloader``; the metrics of the others
            carry their names.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: A name is not known or given twice, or the config loads no images from files.
    """
    known = read_config(_TEST_SETS).test_sets
    loaders: dict[str, ConfigDict] = {}
    for text in sets:
        name, _, place = text.partition('=')
        other = re.fullmatch(r'(.+\.py)(?::(.+))?', place)
        if not name or name in loaders or not (other or name in known):
            raise ValueError(
                f'--on takes each of {", ".join(known)} once, or NAME=CONFIG.py, got {text!r}'
            )
        if other:
            dataset = _test_set_of(*other.groups())
            for inner in inner_datasets(dataset):
                inner['pipeline'] = _lead_into(cfg, inner.get('pipeline') or [])
        else:
            dataset = ConfigDict(
                type='ReIDDataset', split='test', pipeline=_file_pipeline(cfg), **known[name]
            )
            dataset |= {'data_root': place} if place else {}
        loaders[name] = ConfigDict(cfg.test_dataloader, dataset=dataset)
    cfg.test_dataloader = loaders.pop(next(iter(loaders)))
    cfg.test_cfg = dict(type='MultiSetTestLoop', sets=loaders)


def _file_pipeline(cfg: Config) -> list:
    pipeline = next(inner_datasets(cfg.test_dataloader.dataset)).get('pipeline') or []
    if not _names(pipeline).count('LoadImage'):  # rendered images; files have their own pipeline
        pipeline = cfg.get('test_pipeline') or []
    if not _names(pipeline).count('LoadImage'):
        raise ValueError('--on needs LoadImage in the test pipeline of the config')
    return pipeline


def _test_set_of(path: str, further: str | None) -> ConfigDict:
    """The test set of a config, or a further one."""
    cfg = read_config(path)
    sets = (cfg.get('test_cfg') or {}).get('sets') or {}
    if further is not None and further not in sets:
        raise ValueError(f'{path} has no further test set {further!r}, only {[*sets]}')
    loader = cfg.get('test_dataloader') if further is None else sets[further]
    if not loader:
        raise ValueError(f'{path} has no test_dataloader')
    return loader.dataset


def _lead_into(cfg: Config, steps: list) -> list:
    """Pipeline that loads as these steps do, and goes on as the config's test pipeline does."""
    own = next(inner_datasets(cfg.test_dataloader.dataset)).get('pipeline') or []
    rest = own[_end_of_loading(own) :]
    if 'Resize' not in _names(rest):  # rendered at the size that the model takes
        height, width = input_size(cfg)
        rest = [dict(type='Resize', scale=(width, height)), *rest]
    return [*steps[: _end_of_loading(steps)], *rest]


def _end_of_loading(steps: list) -> int:
    names = _names(steps)
    return min(names.index(n) if n in names else len(names) for n in ('Resize', 'PackReIDInputs'))


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
