"""Test one model on several data sets in one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.runner import Runner, TestLoop
from mmengine.visualization import LocalVisBackend

from mmdrop.registry import LOOPS


@LOOPS.register_module()
class MultiSetTestLoop(TestLoop):
    """Evaluate ``test_dataloader``, then further named sets with the same evaluator.

    The metrics of a further set carry its name in front, ``pasted/reid/mAP``, and its local
    pictures lie in a folder of its name. All hooks of a test run once for each set, with the set's
    loader as ``runner.test_dataloader``.

    Args:
        runner: The runner.
        dataloader: Loader of the main set, whose metrics and pictures keep their names.
        evaluator: Evaluator of every set.
        sets: Config of a data loader for each further set; one exists at a time.
        fp16: Test with automatic mixed precision.

    Raises:
        ValueError: The name of a set is empty or holds a slash.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: Any,
        evaluator: Any,
        sets: dict[str, dict],
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        wrong = [name for name in sets if not name or '/' in name]
        if wrong:
            raise ValueError(f'a set needs a name without a slash, got {wrong}')
        self.sets = sets

    def run(self) -> dict[str, float]:
        """Test every set and return the metrics of all."""
        metrics = super().run()
        for name in self.sets:
            with self._switch_to(name):
                metrics |= super().run()
        return metrics

    @contextmanager
    def _switch_to(self, name: str) -> Iterator[None]:
        # Workers that outlived the only pass over a set would be kept for nothing.
        config = dict(self.sets[name], persistent_workers=False)
        loader = self.runner.build_dataloader(config, seed=self.runner.seed)
        self.runner.logger.info(f'Test set {name}: {len(loader.dataset)} images')
        metainfo = getattr(loader.dataset, 'metainfo', None)
        changes: list[tuple[Any, str, Any]] = [
            (self, 'dataloader', loader),
            (self.evaluator, 'dataset_meta', metainfo),
            (self.runner.visualizer, 'dataset_meta', metainfo),
        ]
        for metric in self.evaluator.metrics:
            changes.append((metric, 'prefix', f'{name}/{metric.prefix}' if metric.prefix else name))
        for backend in self.runner.visualizer._vis_backends.values():
            if isinstance(backend, LocalVisBackend):
                # `experiment` makes the folder, of which MMEngine has but a private name, final.
                folder = backend.experiment._img_save_dir
                changes.append((backend, '_img_save_dir', str(Path(folder, name))))
        before = [(owner, key, getattr(owner, key)) for owner, key, _ in changes]
        try:
            for owner, key, value in changes:
                setattr(owner, key, value)
            yield
        finally:
            for owner, key, value in before:
                setattr(owner, key, value)
