"""Distributed training where there is no GPU."""

import os

import torch
import torch.distributed
from mmengine.config import Config


def prepare_cpu_launch(cfg: Config, launcher: str) -> None:
    """Let ``--launcher pytorch`` run on a machine without a GPU.

    MMEngine's launcher selects a CUDA device. Here the process group is started with gloo before
    the Runner is built, which then leaves it alone, and the model wrapper is given no device.

    Args:
        cfg: Config of the run; ``model_wrapper_cfg`` is set in it.
        launcher: Name of the launcher; nothing is done but for ``'pytorch'``.
    """
    if launcher != 'pytorch' or torch.cuda.is_available():
        return
    missing = [name for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR') if name not in os.environ]
    if missing:
        raise RuntimeError(
            f'--launcher pytorch needs the environment of torchrun, but {", ".join(missing)} is '
            'not set. Start it as: torchrun --nproc_per_node 2 tools/train.py CONFIG --launcher '
            'pytorch, or: mim train mmdrop CONFIG --launcher pytorch --gpus 2'
        )
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
