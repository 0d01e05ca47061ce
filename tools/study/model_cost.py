"""What a model costs at test: parameters, size, and time for images."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdrop.engine import input_size
from mmdrop.registry import MODELS


def measure_cost(
    cfg: Config, batch_size: int = 32, repeats: int = 10, device: str = 'cpu'
) -> dict[str, Any]:
    """Measure the model of a config with random weights and images of its test's size.

    Args:
        cfg: The config.
        batch_size: Images of a batch for ``images_per_s``.
        repeats: Times that each is measured; the median counts.
        device: Device of PyTorch.

    Returns:
        ``parameters_m`` in million and ``size_mb`` of all weights in 10⁶ bytes, both with the
        identity classifiers; ``ms`` for one image alone; ``images_per_s`` in batches;
        ``batch_size``, ``height``, ``width``.
    """
    height, width = input_size(cfg)
    init_default_scope(cfg.get('default_scope', 'mmdrop'))
    model = MODELS.build(cfg.model).to(device).eval()
    memory_format = getattr(model, 'memory_format', torch.contiguous_format)
    images = torch.randn(batch_size, 3, height, width, device=device)
    images = images.contiguous(memory_format=memory_format)
    with torch.inference_mode():
        one, batch = (
            _median_seconds(lambda x=x: model(x), repeats, device) for x in (images[:1], images)
        )
    return dict(
        parameters_m=sum(p.numel() for p in model.parameters()) / 1e6,
        size_mb=sum(t.nbytes for t in model.state_dict().values()) / 1e6,
        ms=1000 * one,
        images_per_s=batch_size / batch,
        batch_size=batch_size,
        height=height,
        width=width,
    )


def _median_seconds(step: Callable[[], object], repeats: int, device: str) -> float:
    times = []
    for _ in range(repeats + 2):  # the first two warm up
        start = time.perf_counter()
        step()
        if device.startswith('cuda'):
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])
