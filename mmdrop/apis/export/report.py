"""What an exported file was measured to do."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch

from mmdrop.apis.export.running import OnnxModel
from mmdrop.apis.inferencer import ReIDInferencer
from mmdrop.datasets import SyntheticReID
from mmdrop.utils import plain_table, processor

TOLERANCE = 1e-4  # of unit embeddings; neighbours of a gallery are thousands of times as far apart
_SIZES = ((128, 64), (256, 128), (97, 41), (300, 90))
_BATCHES = (1, 8, 32)


@dataclass(frozen=True)
class ExportReport:
    """Figures of an exported file; ``print`` it.

    Attributes:
        size: Bytes.
        precision: ``'float32'``, ``'float16'`` or ``'int8'``.
        parity: Largest difference to PyTorch, by output, over images of several sizes: of unit
            embeddings, of scores, and share of the bits of visibility and of the pixels' parts.
        batch: Largest difference of flat codes between images alone and in a batch.
        latency: Milliseconds an image, by batch size.
        pytorch_latency: The same of PyTorch, reading aside.
        threads: Of both.
        hardware: Processor.
        versions: Of onnx, onnxruntime and torch.
    """

    size: int
    precision: str
    parity: Mapping[str, float]
    batch: float
    latency: Mapping[int, float]
    pytorch_latency: Mapping[int, float]
    threads: int
    hardware: str
    versions: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def __str__(self) -> str:
        parity = ', '.join(f'{name} {value:.1e}' for name, value in self.parity.items())
        cells = [['images at once', 'ONNX Runtime, ms an image', 'PyTorch']]
        for number, value in self.latency.items():
            cells.append([str(number), f'{value:.2f}', f'{self.pytorch_latency[number]:.2f}'])
        return (
            f'{self.size / 1e6:.1f} MB, {self.precision}; {self.hardware}, {self.threads} threads\n'
            f'largest difference to PyTorch: {parity}\n'
            f'largest difference between alone and in a batch: {self.batch:.1e}\n'
            + plain_table(cells)
        )


def render_images(sizes: Sequence[tuple[int, int]] = _SIZES, number: int = 8) -> list[np.ndarray]:
    """Rendered people, some of them occluded, of several sizes, BGR."""
    dataset = SyntheticReID(
        'test',
        num_identities=max(1, number // 4),
        images_per_identity=4,
        num_distractors=0,
        image_size=(256, 128),
    )
    images = [dataset[i % len(dataset)]['img'] for i in range(number)]
    sized = (sizes[i % len(sizes)] for i in range(number))
    return [cv2.resize(image, (w, h)) for image, (h, w) in zip(images, sized, strict=True)]


def compare_outputs(
    inferencer: ReIDInferencer, exported: OnnxModel, number: int = 8
) -> dict[str, float]:
    """Largest differences between a file and PyTorch, as :class:`ExportReport` has them.

    Args:
        inferencer: PyTorch.
        exported: The file.
        number: Rendered images to compare.
    """
    images = render_images(number=number)
    ours, theirs = inferencer(images), exported.run_each(images)
    units = [_unit(np.asarray(x['embeddings'])) for x in (ours, theirs)]
    found = {
        'embeddings': float(np.abs(units[0] - units[1]).max()),
        'visibility': float((ours['visibility'].numpy() != theirs['visibility']).mean()),
    }
    if 'visibility_score' in ours:
        score = ours['visibility_score'].numpy() - theirs['visibility_score']
        found['visibility_score'] = float(np.abs(score).max())
    if 'parsing' in theirs:
        found['parsing'] = float((ours['parsing'].numpy() != theirs['parsing']).mean())
    return found


def compare_batches(exported: OnnxModel) -> float:
    """Largest difference of flat codes between images alone and in a batch."""
    images = render_images(sizes=((140, 60),))
    together = exported(np.stack(images))['code']
    return float(np.abs(together - exported.run_each(images)['code']).max())


def measure_latency(
    run: Any, images: np.ndarray, batches: Sequence[int], repeats: int = 5
) -> dict[int, float]:
    """Median milliseconds an image, by batch size."""
    found = {}
    for number in batches:
        batch = np.resize(images, (number, *images.shape[1:]))
        run(batch)
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            run(batch)
            seconds.append(time.perf_counter() - start)
        found[number] = 1000 * median(seconds) / number
    return found


def check_drift(inferencer: ReIDInferencer, exported: OnnxModel) -> tuple[dict[str, float], float]:
    """What :func:`compare_outputs` and :func:`compare_batches` find.

    Raises:
        ValueError: The file is of float32 and differs from the model by more than 1e-4, or an
            image alone from itself in a batch.
    """
    parity, batch = compare_outputs(inferencer, exported), compare_batches(exported)
    largest = max(parity['embeddings'], batch)
    if exported.facts['precision'] == 'float32' and not largest <= TOLERANCE:
        raise ValueError(
            f'{exported.path} drifts: its unit embeddings differ from those of the model by '
            f'{parity["embeddings"]:.1e}, and in a batch from those alone by {batch:.1e}; no more '
            f'than {TOLERANCE} is allowed'
        )
    return parity, batch


def make_report(inferencer: ReIDInferencer, path: Path, threads: int | None = None) -> ExportReport:
    """Measure a file against the model that it was exported from.

    Args:
        inferencer: Of the model, on the CPU.
        path: The file.
        threads: Of ONNX Runtime and PyTorch; those that PyTorch has if None.

    Raises:
        ValueError: It is of float32 and differs from the model by more than 1e-4, or an image alone
            from itself in a batch.
    """
    threads = threads or torch.get_num_threads()
    exported = OnnxModel(path, threads)
    parity, batch = check_drift(inferencer, exported)
    images = np.stack(render_images(sizes=((128, 64),)))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        pytorch = measure_latency(lambda x: inferencer(list(x)), images, _BATCHES)
    finally:
        torch.set_num_threads(before)
    return ExportReport(
        size=path.stat().st_size,
        precision=exported.facts['precision'],
        parity=parity,
        batch=batch,
        latency=measure_latency(exported, images, _BATCHES),
        pytorch_latency=pytorch,
        threads=threads,
        hardware=processor(),
        versions={name: version(name) for name in ('onnx', 'onnxruntime', 'torch')},
    )


def _unit(embeddings: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(embeddings, axis=2, keepdims=True)
    return embeddings / np.where(length == 0, 1, length)
