"""Time of one training step, against that of its backbone alone.

The backbone step is forward and backward of ``model.backbone`` with a mean as loss; the full step
is forward, all losses and backward of the model. Both run in turn, and the medians are compared::

    python tools/benchmarks/benchmark_step.py configs/drop_hrnet32_occduke.py --batch-size 16
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from measure import write_row
from mmengine.registry import init_default_scope

from mmdrop.engine import keep_freed_memory, read_config
from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample
from mmdrop.utils import memory_mib, processor


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--size', type=int, nargs=2, default=(256, 128), help='height and width')
    parser.add_argument('--repeats', type=int, default=5, help='the median is reported')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--amp', action='store_true', help='bfloat16 on a CPU, float16 on a GPU')
    parser.add_argument('--channels-last', action='store_true')
    parser.add_argument('--compile', action='store_true')
    parser.add_argument('--out', type=Path, help='CSV file to append the line to')
    return parser.parse_args()


def make_batch(
    args: argparse.Namespace, num_parts: int
) -> tuple[torch.Tensor, list[ReIDDataSample]]:
    """Random images and labels, four images an identity."""
    height, width = args.size
    labels = torch.randint(0, num_parts + 1, (args.batch_size, height, width), dtype=torch.uint8)
    samples = [
        ReIDDataSample(
            gt_label=i // 4,
            gt_sem_seg=label.to(args.device),
            metainfo=dict(num_parts=num_parts, img_path=str(i)),
        )
        for i, label in enumerate(labels)
    ]
    return torch.rand(args.batch_size, 3, height, width, device=args.device), samples


def seconds(step: Callable[[], torch.Tensor], model: torch.nn.Module, cuda: bool) -> float:
    """Wall time of forward and backward."""
    model.zero_grad(set_to_none=True)
    if cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    step().backward()
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    args = parse_args()
    keep_freed_memory()
    torch.manual_seed(0)
    init_default_scope('mmdrop')
    config = read_config(args.config).model
    config.channels_last = args.channels_last
    model = MODELS.build(config).to(args.device).train()
    images, samples = make_batch(args, getattr(model.parsing_head, 'num_parts', 0))
    images = images.contiguous(memory_format=model.memory_format)
    cuda = args.device.startswith('cuda')
    if args.compile:
        model.backbone.compile()
        model.compile()
    dtype = torch.float16 if cuda else torch.bfloat16

    def backbone_step() -> torch.Tensor:
        with torch.autocast(args.device.split(':')[0], dtype, enabled=args.amp):
            return sum(level.float().mean() for level in model.backbone(images))

    def full_step() -> torch.Tensor:
        with torch.autocast(args.device.split(':')[0], dtype, enabled=args.amp):
            return model.parse_losses(model(images, samples, mode='loss'))[0]

    times: dict[str, list[float]] = {'backbone': [], 'full': []}
    for repeat in range(args.repeats + 2):  # the first two warm up
        for name, step in (('backbone', backbone_step), ('full', full_step)):
            spent = seconds(step, model, cuda)
            if repeat > 1:
                times[name].append(spent)
    backbone, full = (statistics.median(times[name]) for name in ('backbone', 'full'))
    peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else memory_mib('VmHWM')
    row = dict(
        config=Path(args.config).stem,
        batch=args.batch_size,
        height=args.size[0],
        width=args.size[1],
        amp=args.amp,
        channels_last=args.channels_last,
        compile=args.compile,
        backbone_s=round(backbone, 4),
        full_s=round(full, 4),
        ratio=round(full / backbone, 3),
        images_per_s=round(args.batch_size / full, 2),
        peak_mib=round(peak),
        device=torch.cuda.get_device_name() if cuda else processor(),
    )
    write_row(row, args.out)


if __name__ == '__main__':
    main()
