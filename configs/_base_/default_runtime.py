from mmengine.hooks import (
    DistSamplerSeedHook,
    IterTimerHook,
    LoggerHook,
    ParamSchedulerHook,
    RuntimeInfoHook,
)
from mmengine.runner import LogProcessor
from mmengine.visualization import LocalVisBackend

from mmdrop.engine import (
    CheckpointFitHook,
    NonFiniteLossHook,
    PlainCheckpointHook,
    RandomStreamsHook,
    SyncBatchNormHook,
)
from mmdrop.visualization import ParsingHook, RankingHook, ReIDVisualizer

default_scope = 'mmdrop'

default_hooks = dict(
    runtime_info=dict(type=RuntimeInfoHook),
    timer=dict(type=IterTimerHook),
    sampler_seed=dict(type=DistSamplerSeedHook),
    random_streams=dict(type=RandomStreamsHook),
    sync_batch_norm=dict(type=SyncBatchNormHook),
    logger=dict(type=LoggerHook, interval=50),
    param_scheduler=dict(type=ParamSchedulerHook),
    non_finite_loss=dict(type=NonFiniteLossHook),
    checkpoint=dict(
        type=PlainCheckpointHook,
        interval=1,
        max_keep_ckpts=2,
        save_best='reid/mAP',
        rule='greater',
    ),
    checkpoint_fit=dict(type=CheckpointFitHook),
    ranking=dict(type=RankingHook),
    parsing=dict(type=ParsingHook),
)

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

vis_backends = [dict(type=LocalVisBackend)]
visualizer = dict(type=ReIDVisualizer, vis_backends=vis_backends)
log_processor = dict(type=LogProcessor, window_size=20, by_epoch=True)
log_level = 'INFO'
randomness = dict(seed=1)
load_from = None
resume = False
