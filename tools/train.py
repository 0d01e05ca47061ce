"""Train a model: ``python tools/train.py CONFIG`` or ``mim train mmdrop CONFIG``."""

import torch

from mmdrop.engine import (
    build_runner,
    check_batch_size,
    check_lengths,
    check_pretrained,
    count_classes,
    forbid_code,
    keep_freed_memory,
    load_config,
    make_parser,
    prepare_cpu_launch,
)


def main() -> None:
    parser = make_parser('Train a model.')
    parser.add_argument('--amp', action='store_true', help='train with automatic mixed precision')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint, or from the latest one in the work dir if none is named',
    )
    parser.add_argument(
        '--resume-with',
        nargs='+',
        default=[],
        metavar='KEY',
        help="config keys whose values win over the checkpoint's: optim_wrapper.optimizer.lr",
    )
    args = parser.parse_args()
    forbid_code()
    cfg = load_config(args)
    check_batch_size(cfg)
    check_lengths(cfg)
    count_classes(cfg)
    if args.amp:
        if not torch.cuda.is_available():
            parser.error('--amp needs a GPU')
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume is not None:
        cfg.resume = True
        cfg.start_from = cfg.get('load_from')  # where there is no checkpoint to go on from
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.resume_with:
        if not cfg.get('resume'):
            parser.error('--resume-with needs --resume')
        cfg.resume_with = args.resume_with
    if not cfg.resume:
        check_pretrained(cfg.model)
    keep_freed_memory()
    prepare_cpu_launch(cfg, args.launcher)
    build_runner(cfg).train()


if __name__ == '__main__':
    main()
