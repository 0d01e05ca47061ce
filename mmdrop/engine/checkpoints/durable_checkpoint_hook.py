"""Checkpoints that survive a kill at any moment, and runs that go on from them."""

from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmdrop.engine.checkpoints.due_validation import note_validation, run_due_validation
from mmdrop.engine.checkpoints.finite_weights import check_finite, infinite_buffers
from mmdrop.engine.checkpoints.newest_checkpoint import newest_readable_checkpoint
from mmdrop.engine.checkpoints.resume_overrides import reconcile
from mmdrop.engine.checkpoints.whole_checkpoints import mark_last, marked_checkpoint
from mmdrop.utils import remove_unfinished


class DurableCheckpointHook(CheckpointHook):
    """MMEngine's checkpoint hook for work dirs that resume after a kill at any moment.

    - A checkpoint is written under another name, synced and renamed; the mark ``last_checkpoint``
      follows, then outdated checkpoints go. The mark holds a name, so a folder can be moved.
    - Weights or an optimiser with NaN or infinity stop the run before they are written.
    - The last checkpoint is written again after each validation, so that it knows the scores;
      a validation that a kill cut short is made up for when the run is resumed.
    - A resumed run takes the newest readable checkpoint of its own work dir, and says which of
      the config's values the checkpoint overrides. The config's win for the keys of a list
      ``resume_with`` in the config.

    Before anything is written every process calls ``before_checkpoint(runner)`` of each hook that
    has such a method; MMEngine's ``before_save_checkpoint`` is called in the main process alone.
    """

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to go on from.

        Raises:
            ValueError: There are checkpoints, but none can be used.
        """
        # MMEngine has no public name for what its Runner was told to load.
        if not runner._resume or runner._load_from is not None or self._is_remote():
            return
        result: list[Any] = [None, None]
        if is_main_process():
            try:
                result[0] = self._choose(runner)
            except ValueError as error:  # every process has to hear of it
                result[1] = str(error)
        broadcast_object_list(result)
        path, problem = result
        if problem:
            raise ValueError(problem)
        if path:
            runner.logger.info(f'Auto resumed from the latest checkpoint {path}.')
            runner._load_from = path
        else:
            runner._resume = False
            runner._load_from = runner.cfg.get('start_from')

    def _choose(self, runner: Runner) -> str | None:
        folder, templates = self._folder(runner), (self.filename_tmpl,)
        path = newest_readable_checkpoint(runner.work_dir, folder, templates, runner.logger.warning)
        if path is None:
            marked = marked_checkpoint(runner.work_dir)
            elsewhere = marked and Path(marked).is_file()
            hint = f' (its mark names {marked}: --resume {marked} goes on from it)'
            runner.logger.warning(
                f'No checkpoint to resume from in {folder}{hint if elsewhere else ""}: '
                'the training starts from the beginning.'
            )
        return str(path) if path else None

    def _is_remote(self) -> bool:
        return '://' in str(self.out_dir)

    def _folder(self, runner: Runner) -> str:
        """Where checkpoints lie, as MMEngine decides it, also before the training begins."""
        if self.out_dir is None or hasattr(self, 'file_backend'):
            return self.out_dir or runner.work_dir
        if self._is_remote():
            return f'{str(self.out_dir).rstrip("/")}/{Path(runner.work_dir).name}'
        return str(Path(self.out_dir, Path(runner.work_dir).name))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Point paths of the former run to this one's folder, and compare with the config.

        Raises:
            ValueError: A key of ``resume_with`` cannot be honoured, or the schedules do not fit.
        """
        info = checkpoint.get('message_hub', {}).get('runtime_info', {})
        for key, value in info.items():
            if key == 'last_ckpt' or key == 'best_ckpt' or key.startswith('best_ckpt_'):
                info[key] = f'{self._folder(runner)}/{Path(value).name}' if value else value
        if runner._resume and 'meta' in checkpoint:
            reconcile(runner, checkpoint, runner.cfg.get('resume_with') or ())

    def before_train(self, runner: Runner) -> None:
        """Tidy up what a kill left, and validate if that was due."""
        resumed = runner.iter > 0
        super().before_train(runner)
        if self.max_keep_ckpts > 0:
            self.keep_ckpt_ids: list[int] = list(self.keep_ckpt_ids)
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        self._may_be_infinite = infinite_buffers(model)
        self._saved_step = self._step(runner) if resumed else None
        if resumed:
            last = self.file_backend.join_path(
                self.out_dir, self.filename_tmpl.format(self._saved_step)
            )
            self.last_ckpt = last if self.file_backend.exists(last) else None
        if is_main_process() and not self._is_remote():
            loaded = Path(runner._load_from or '')
            if self.last_ckpt and loaded.is_file() and loaded.samefile(self.last_ckpt):
                mark_last(runner.work_dir, loaded.name)  # a kill may have come between
            for folder in {self.out_dir, runner.work_dir}:
                for pattern in ('*.pth', 'last_checkpoint'):
                    remove_unfinished(Path(folder), pattern)
        self._remove_outdated(runner)
        run_due_validation(runner)

    def _step(self, runner: Runner) -> int:
        return runner.epoch if self.by_epoch else runner.iter

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Write a checkpoint, mark it, and only then remove those that are too many."""
        hub = runner.message_hub
        outdated = []
        if self.max_keep_ckpts > 0:
            ids = [*(i for i in self.keep_ckpt_ids if i != step), step]
            self.keep_ckpt_ids = ids[-self.max_keep_ckpts :]
            outdated = ids[: -self.max_keep_ckpts]
            # With the outdated: a run resumed from this file removes what a kill leaves of them.
            hub.update_info('keep_ckpt_ids', ids)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        hub.update_info('last_ckpt', self.last_ckpt)
        self._write(
            runner,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            **self.args,
        )
        self._saved_step = step
        if is_main_process():
            mark_last(runner.work_dir, self.last_ckpt if self._is_remote() else name)
            for i in outdated:
                self._remove(self.filename_tmpl.format(i))
        if self.max_keep_ckpts > 0:
            hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any]) -> None:
        """Write a new best checkpoint, and the scores into the last one."""
        if not hasattr(self, 'file_backend'):  # no training
            return
        note_validation(runner)
        self._best_is_new = False
        if metrics:
            self._save_best_checkpoint(runner, metrics)
        else:
            runner.logger.warning('The validation has no scores, so no checkpoint is the best.')
        step = self._step(runner)
        if self._saved_step == step or (self._best_is_new and self.last_ckpt is not None):
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, step, meta)
        self._remove_outdated(runner)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        """Write the best checkpoints that the scores make; the former ones go later."""
        if not self.save_best:
            return
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        hub, unit = runner.message_hub, 'epoch' if self.by_epoch else 'iter'
        single = len(self.key_indicators) == 1
        for indicator, rule in zip(self.key_indicators, self.rules, strict=True):
            if indicator not in metrics:
                raise KeyError(
                    f'save_best of default_hooks.checkpoint is {indicator}, but the validation '
                    f'has only {", ".join(metrics)}'
                )
            score, suffix = metrics[indicator], '' if single else f'_{indicator}'
            best = hub.runtime_info.get(f'best_score{suffix}', self.init_value_map[rule])
            if score is None or not self.is_better_than[indicator](score, best):  # nor is NaN
                continue
            former = hub.runtime_info.get(f'best_ckpt{suffix}')
            name = f'best_{indicator}_{self.filename_tmpl.format(self._step(runner))}'
            name = name.replace('/', '_')
            path = self.file_backend.join_path(self.out_dir, name)
            hub.update_info(f'best_score{suffix}', score)
            hub.update_info(f'best_ckpt{suffix}', path)
            if single:
                self.best_ckpt_path = path
            else:
                self.best_ckpt_path_dict[indicator] = path
            if former and Path(former).name != name:
                # In the next checkpoint, so that a resumed run removes what a kill leaves of it.
                names = [*hub.runtime_info.get('outdated_best', []), Path(former).name]
                hub.update_info('outdated_best', names)
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._write(
                runner,
                name,
                save_optimizer=False,
                save_param_scheduler=False,
                meta=meta,
                by_epoch=False,
            )
            self._best_is_new = True
            runner.logger.info(
                f'The best checkpoint with {score:0.4f} {indicator} at {self._step(runner)} {unit} '
                f'is saved to {name}.'
            )

    def _write(self, runner: Runner, name: str, **kwargs: Any) -> None:
        runner.call_hook('before_checkpoint')
        check_finite(runner, self._may_be_infinite)
        runner.save_checkpoint(
            self.out_dir, name, self.file_client_args, backend_args=self.backend_args, **kwargs
        )

    def _remove_outdated(self, runner: Runner) -> None:
        """Remove former best checkpoints, now that others know the new ones."""
        info = runner.message_hub.runtime_info
        current = {Path(value).name for key, value in info.items() if 'best_ckpt' in key and value}
        for name in info.get('outdated_best', []):
            if name not in current and is_main_process() and self._remove(name):
                runner.logger.info(f'The previous best checkpoint {name} is removed')
        runner.message_hub.update_info('outdated_best', [])

    def _remove(self, name: str) -> bool:
        path = self.file_backend.join_path(self.out_dir, name)
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
            return True
        if self.file_backend.isdir(path):  # sharded checkpoints are folders
            self.file_backend.rmtree(path)
            return True
        return False
