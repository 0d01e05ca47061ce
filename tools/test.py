"""Evaluate a checkpoint: ``python tools/test.py CONFIG CHECKPOINT`` or ``mim test mmdrop …``."""

from mmdrop.engine import (
    build_runner,
    close_classes,
    forbid_code,
    keep_freed_memory,
    load_config,
    make_parser,
    prepare_cpu_launch,
    replace_test_sets,
    report_parsing,
    report_reranked,
    report_table,
    report_verification,
)


def main() -> None:
    parser = make_parser('Evaluate a checkpoint.')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--table', action='store_true', help='report every row of Table 6: each embedding alone …'
    )
    parser.add_argument(
        '--parsing', action='store_true', help='score parsing and visibility by parsing labels'
    )
    parser.add_argument(
        '--rerank', action='store_true', help='report the scores after re-ranking as well'
    )
    parser.add_argument(
        '--verification',
        action='store_true',
        help='report error rates of verification and of open-set identification as well',
    )
    parser.add_argument(
        '--on',
        nargs='+',
        metavar='SET',
        help='test on these sets instead: market1501, dukemtmc, occluded_reid_transfer …, '
        'or SET=FOLDER (see configs/_base_/datasets/test_sets.py), or NAME=CONFIG.py for the test '
        'set of that config',
    )
    args = parser.parse_args()
    forbid_code()
    cfg = load_config(args)
    cfg.load_from, cfg.resume = args.checkpoint, False
    cfg.model = close_classes(cfg.model)
    if args.on:
        try:
            replace_test_sets(cfg, args.on)
        except (OSError, ValueError) as error:
            parser.error(str(error))
    if args.table:
        report_table(cfg)
    if args.rerank:
        report_reranked(cfg)
    if args.verification:
        report_verification(cfg)
    if args.parsing:
        report_parsing(cfg)
    keep_freed_memory()
    prepare_cpu_launch(cfg, args.launcher)
    build_runner(cfg).test()


if __name__ == '__main__':
    main()
