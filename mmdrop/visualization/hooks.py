from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_world_size, is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmengine.visualization import LocalVisBackend

from mmdrop.registry import HOOKS
from mmdrop.structures import ReIDDataSample
from mmdrop.visualization import drawing


@HOOKS.register_module()
class RankingHook(Hook):
    """Draw some queries and their nearest gallery images after each evaluation (as Fig. 3).

    Reads ``rank_lists`` of the evaluator's metrics; a run whose metrics keep none gets no picture
    and one warning. The picture is called ``ranking_val`` or ``ranking_test``, its step is the
    number of training iterations.

    Args:
        num_queries: Rows of the picture, spread evenly over the kept queries.
        topk: Gallery images in a row; at most those the metric keeps.
        interval: Draw at every so many validations.
    """

    priority = 'LOW'

    def __init__(self, num_queries: int = 8, topk: int = 10, interval: int = 1):
        _check_positive(num_queries=num_queries, topk=topk, interval=interval)
        self.num_queries = num_queries
        self.topk = topk
        self.interval = interval
        self.num_validations = 0

    @master_only
    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self.num_validations += 1
        if self.num_validations % self.interval == 0:
            self._draw(runner, 'val', runner.val_evaluator, runner.val_dataloader.dataset)

    @master_only
    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self._draw(runner, 'test', runner.test_evaluator, runner.test_dataloader.dataset)

    def _draw(self, runner: Runner, mode: str, evaluator: Any, dataset: Any) -> None:
        kept = [getattr(metric, 'rank_lists', None) for metric in evaluator.metrics]
        rank_lists = next((lists for lists in kept if lists), None)
        if rank_lists is None:
            runner.logger.warning('RankingHook: no metric keeps rank lists, nothing to draw')
            return
        rows = [rank_lists[i] for i in spread(len(rank_lists), self.num_queries)]
        pairs = [(row['query'], row['gallery'][: self.topk]) for row in rows]
        image = _images(dataset, {item['img_path'] for q, g in pairs for item in (q, *g)})
        rankings = [(q | image(q), [item | image(item) for item in g]) for q, g in pairs]
        draw = getattr(runner.visualizer, 'draw_ranking_sheet', drawing.draw_ranking_sheet)
        names = rows[0].get('embedding_names') or ()
        _store(runner, f'ranking_{mode}', draw(rankings, names, _part_names(dataset)))


@HOOKS.register_module()
class ParsingHook(Hook):
    """Draw the predicted parsing of some images after each evaluation.

    Images are spread evenly over the dataset's queries, or over all of it where it has none. A
    label is shown beside the prediction where one was loaded. A model that predicts no parsing
    gets no picture. The picture is called ``parsing_val`` or ``parsing_test``, its step is the
    number of training iterations.

    Args:
        num_images: Samples in the picture.
        interval: Draw at every so many validations.
    """

    priority = 'LOW'

    def __init__(self, num_images: int = 8, interval: int = 1):
        _check_positive(num_images=num_images, interval=interval)
        self.num_images = num_images
        self.interval = interval
        self.num_validations = 0
        self.wanted: list[str] = []
        self.samples: dict[str, dict] = {}

    def before_val_epoch(self, runner: Runner) -> None:
        self.num_validations += 1
        due = self.num_validations % self.interval == 0
        self._choose(runner.val_dataloader.dataset if due else None)

    def before_test_epoch(self, runner: Runner) -> None:
        self._choose(runner.test_dataloader.dataset)

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[ReIDDataSample] | None = None,
    ) -> None:
        self._collect(data_batch, outputs)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[ReIDDataSample] | None = None,
    ) -> None:
        self._collect(data_batch, outputs)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self._draw(runner, 'val', runner.val_dataloader.dataset)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self._draw(runner, 'test', runner.test_dataloader.dataset)

    def _choose(self, dataset: Any | None) -> None:
        self.samples, self.wanted = {}, []
        if dataset is None or not is_main_process():
            return
        # The first process sees every world-size-th sample.
        infos = [dataset.get_data_info(i) for i in range(0, len(dataset), get_world_size())]
        infos = [info for info in infos if info.get('is_query')] or infos
        self.wanted = [infos[i]['img_path'] for i in spread(len(infos), self.num_images)]

    def _collect(self, data_batch: dict | None, outputs: Sequence[ReIDDataSample] | None) -> None:
        if not self.wanted or not outputs:
            return
        for image, sample in zip(data_batch['inputs'], outputs, strict=True):
            if sample.get('img_path') in self.wanted and 'pred_sem_seg' in sample:
                label = sample.get('gt_sem_seg')
                self.samples[sample.img_path] = dict(
                    image=to_rgb(image),
                    prediction=sample.pred_sem_seg.cpu().numpy(),
                    label=None if label is None else label.cpu().numpy(),
                )

    def _draw(self, runner: Runner, mode: str, dataset: Any) -> None:
        samples = [self.samples[path] for path in self.wanted if path in self.samples]
        self.samples = {}
        if samples:
            draw = getattr(runner.visualizer, 'draw_parsing_sheet', drawing.draw_parsing_sheet)
            _store(runner, f'parsing_{mode}', draw(samples, _part_names(dataset)))


def _check_positive(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f'{name} must be at least 1, got {count}')


def spread(length: int, count: int) -> list[int]:
    """At most ``count`` indices, spread evenly over ``range(length)``."""
    return np.linspace(0, length - 1, min(length, count)).round().astype(int).tolist()


def to_rgb(image: torch.Tensor) -> np.ndarray:
    """Turn a packed BGR image ``(3, H, W)`` into RGB ``(H, W, 3)``."""
    return np.ascontiguousarray(image.flip(0).permute(1, 2, 0).cpu().numpy())


def _images(dataset: Any, paths: set[str]) -> Callable[[Mapping], dict[str, np.ndarray]]:
    """Look up images by their entry's ``img_path``, in pixels that the network sees.

    Going through the dataset also serves rendered images, which have no file.
    """
    images = {}
    for index in range(len(dataset)):
        path = dataset.get_data_info(index)['img_path']
        if path in paths and path not in images:
            images[path] = to_rgb(dataset[index]['inputs'])
            if len(images) == len(paths):
                break
    missing = sorted(paths - images.keys())
    if missing:
        raise ValueError(f'{missing[0]} is in the rank lists but not in the dataset')
    return lambda entry: {'image': images[entry['img_path']]}


def _part_names(dataset: Any) -> Sequence[str]:
    return getattr(dataset, 'metainfo', {}).get('part_names') or ()


def _store(runner: Runner, name: str, picture: np.ndarray) -> None:
    # runner.iter would build the training loop, and load its data, in a run that only tests.
    step = runner.iter if isinstance(runner._train_loop, BaseLoop) else 0
    runner.visualizer.add_image(name, picture, step)
    backends = runner.visualizer._vis_backends
    # MMEngine knows the folder of its local pictures only by a private name.
    folders = [b._img_save_dir for b in backends.values() if isinstance(b, LocalVisBackend)]
    places = [str(Path(folder, f'{name}_{step}.png')) for folder in folders] or [*backends]
    if places:
        runner.logger.info(f'Picture {name}: {", ".join(places)}')
    else:
        runner.logger.warning(f'Picture {name} is lost: the visualizer has no backend')
