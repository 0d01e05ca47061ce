"""What the command lines of ``tools/train.py`` and ``tools/test.py`` share."""

import argparse
import os
import warnings
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmdrop.engine.checkpoints.resuming_hook import register_resuming
from mmdrop.engine.config.files import add_cfg_options, read_config
from mmdrop.engine.loading.checkpoint_fit_hook import CheckpointFitHook

# What a wrong file or argument makes a tool raise: shown as one line.
USER_ERRORS = (
    *(ImportError, LookupError, OSError, RuntimeError),
    *(AttributeError, SyntaxError, TypeError, ValueError),
)

# mmcv-lite says so at every import, though no compiled operator is used here.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')


def make_parser(description: str) -> argparse.ArgumentParser:
    """Parser of the options that every tool takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('config', help='config file, or the name of one that ships with mmdrop')
    parser.add_argument('--work-dir', help='folder of logs, checkpoints and pictures')
    add_cfg_options(parser, 'optim_wrapper.optimizer.lr=1e-3')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    # torch.distributed.launch passes one of the two spellings, by its version.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser


def load_config(args: argparse.Namespace) -> Config:
    """Read the config of parsed options, overrides, launcher and work dir included."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config, args.cfg_options)
    if (cfg.get('randomness') or {}).get('deterministic'):
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')  # else CUDA refuses products
    cfg.launcher = args.launcher
    default_dir = Path('work_dirs', Path(args.config).stem)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(default_dir)
    return cfg


def build_runner(cfg: Config) -> Runner:
    """Runner of a config, which checks and resumes checkpoints whatever hooks the config names."""
    runner = Runner.from_cfg(cfg)
    register_resuming(runner)
    if not any(isinstance(hook, CheckpointFitHook) for hook in runner.hooks):
        runner.register_hook(CheckpointFitHook())
    return runner
