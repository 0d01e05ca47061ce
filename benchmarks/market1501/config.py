auto_scale_lr = dict(base_batch_size=64, enable=False)
default_hooks = dict(
    checkpoint=dict(
        interval=1,
        max_keep_ckpts=2,
        rule='greater',
        save_best='reid/mAP',
        type='mmdrop.engine.PlainCheckpointHook'),
    logger=dict(interval=50, type='mmengine.hooks.LoggerHook'),
    non_finite_loss=dict(type='mmdrop.engine.NonFiniteLossHook'),
    param_scheduler=dict(type='mmengine.hooks.ParamSchedulerHook'),
    parsing=dict(type='mmdrop.visualization.ParsingHook'),
    ranking=dict(type='mmdrop.visualization.RankingHook'),
    runtime_info=dict(type='mmengine.hooks.RuntimeInfoHook'),
    sampler_seed=dict(type='mmengine.hooks.DistSamplerSeedHook'),
    timer=dict(type='mmengine.hooks.IterTimerHook'))
default_scope = 'mmdrop'
env_cfg = dict(
    cudnn_benchmark=True,
    dist_cfg=dict(backend='nccl'),
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0))
launcher = 'none'
load_from = None
log_level = 'INFO'
log_processor = dict(
    by_epoch=True, type='mmengine.runner.LogProcessor', window_size=20)
model = dict(
    backbone=dict(
        out_indices=(
            1,
            2,
            4,
            6,
        ), type='mmpretrain.models.MobileNetV2'),
    data_preprocessor=dict(
        bgr_to_rgb=True,
        mean=[
            123.675,
            116.28,
            103.53,
        ],
        std=[
            58.395,
            57.12,
            57.375,
        ],
        type='mmengine.model.ImgDataPreprocessor'),
    parsing_head=dict(
        in_channels=128,
        loss=dict(
            gamma=0.5,
            smoothing=0.1,
            type='mmdrop.models.SpatialSmoothedCELoss'),
        loss_weight=0.4,
        num_parts=5,
        position_encoder=dict(
            channels=128, type='mmdrop.models.PedestrianPositionEncoder'),
        type='mmdrop.models.ParsingHead'),
    parsing_neck=dict(
        in_channels=[
            24,
            32,
            96,
            320,
        ],
        out_channels=128,
        type='mmdrop.models.DPU'),
    reid_head=dict(
        in_channels=472,
        memory_bank=dict(num_batches=4, type='mmdrop.models.PartMemoryBank'),
        num_classes=751,
        num_parts=5,
        part_loss=dict(margin=0.3, type='mmdrop.models.PCTLoss'),
        pooling=dict(type='mmdrop.models.WAMP'),
        type='mmdrop.models.PartReIDHead'),
    reid_neck=dict(type='mmdrop.models.UpsampleConcat'),
    shared_neck=None,
    type='mmdrop.models.DROP')
optim_wrapper = dict(
    optimizer=dict(lr=0.001, type='torch.optim.Adam', weight_decay=0.0005),
    type='mmengine.optim.OptimWrapper')
param_scheduler = [
    dict(
        by_epoch=False,
        end=200,
        start_factor=0.01,
        type='mmengine.optim.LinearLR'),
    dict(
        T_max=8,
        by_epoch=True,
        convert_to_iter_based=True,
        eta_min=1e-05,
        type='mmengine.optim.CosineAnnealingLR'),
]
pretrained = 'https://download.openmmlab.com/mmclassification/v0/hrnet/hrnet-w32_3rdparty_8xb32_in1k_20220120-c394f1ab.pth'
randomness = dict(seed=1)
resume = False
test_cfg = dict(type='mmengine.runner.TestLoop')
test_dataloader = dict(
    batch_size=128,
    dataset=dict(
        data_root='data/Market-1501-v15.09.15',
        layout='market1501',
        pipeline=[
            dict(type='mmdrop.datasets.LoadImage'),
            dict(scale=(
                64,
                128,
            ), type='mmcv.transforms.Resize'),
            dict(type='mmdrop.datasets.PackReIDInputs'),
        ],
        split='test',
        type='mmdrop.datasets.ReIDDataset'),
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    sampler=dict(shuffle=False, type='mmengine.dataset.DefaultSampler'))
test_evaluator = dict(
    embeddings=(
        'foreground',
        'parts',
    ), type='mmdrop.evaluation.ReIDMetric')
test_pipeline = [
    dict(type='mmdrop.datasets.LoadImage'),
    dict(scale=(
        64,
        128,
    ), type='mmcv.transforms.Resize'),
    dict(type='mmdrop.datasets.PackReIDInputs'),
]
train_cfg = dict(
    max_epochs=8, type='mmengine.runner.EpochBasedTrainLoop', val_interval=8)
train_dataloader = dict(
    batch_size=64,
    dataset=dict(
        data_root='data/Market-1501-v15.09.15',
        layout='market1501',
        pipeline=[
            dict(type='mmdrop.datasets.LoadImage'),
            dict(
                ann_file='data/market1501_keypoints14.npz',
                num_parts=5,
                origin=1,
                type='mmdrop.datasets.LoadKeypointParsing'),
            dict(scale=(
                64,
                128,
            ), type='mmcv.transforms.Resize'),
            dict(prob=0.5, type='mmdrop.datasets.FlipWithParts'),
            dict(padding=5, type='mmdrop.datasets.PadCropWithParts'),
            dict(prob=0.5, type='mmdrop.datasets.EraseWithParts'),
            dict(type='mmdrop.datasets.PackReIDInputs'),
        ],
        split='train',
        type='mmdrop.datasets.ReIDDataset'),
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    sampler=dict(
        num_identities=16,
        num_instances=4,
        type='mmdrop.datasets.IdentitySampler'))
train_pipeline = [
    dict(type='mmdrop.datasets.LoadImage'),
    dict(
        ann_file='data/market1501_keypoints14.npz',
        num_parts=5,
        origin=1,
        type='mmdrop.datasets.LoadKeypointParsing'),
    dict(scale=(
        64,
        128,
    ), type='mmcv.transforms.Resize'),
    dict(prob=0.5, type='mmdrop.datasets.FlipWithParts'),
    dict(padding=5, type='mmdrop.datasets.PadCropWithParts'),
    dict(prob=0.5, type='mmdrop.datasets.EraseWithParts'),
    dict(type='mmdrop.datasets.PackReIDInputs'),
]
val_cfg = dict(type='mmengine.runner.ValLoop')
val_dataloader = dict(
    batch_size=128,
    dataset=dict(
        data_root='data/Market-1501-v15.09.15',
        layout='market1501',
        pipeline=[
            dict(type='mmdrop.datasets.LoadImage'),
            dict(scale=(
                64,
                128,
            ), type='mmcv.transforms.Resize'),
            dict(type='mmdrop.datasets.PackReIDInputs'),
        ],
        split='test',
        type='mmdrop.datasets.ReIDDataset'),
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    sampler=dict(shuffle=False, type='mmengine.dataset.DefaultSampler'))
val_evaluator = dict(
    embeddings=(
        'foreground',
        'parts',
    ), type='mmdrop.evaluation.ReIDMetric')
vis_backends = [
    dict(type='mmengine.visualization.LocalVisBackend'),
]
visualizer = dict(
    type='mmdrop.visualization.ReIDVisualizer',
    vis_backends=[
        dict(type='mmengine.visualization.LocalVisBackend'),
    ])
work_dir = 'work_dirs/drop_mobilenetv2_market1501'
