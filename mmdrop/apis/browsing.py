"""Look at training data: samples behind the pipeline, and labels over their images."""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset, Compose, ConcatDataset
from mmengine.runner import set_random_seed

from mmdrop.datasets import LoadImage, ParsingSource
from mmdrop.preparation import find_parsing_source
from mmdrop.registry import DATASETS, TRANSFORMS, type_name
from mmdrop.visualization import draw_parsing_rows, draw_parsing_sheet
from mmdrop.visualization.hooks import spread, to_rgb


def browse_dataset(
    dataset: BaseDataset | Mapping,
    indices: int | Sequence[int] | None = None,
    num_samples: int = 8,
    repeats: int = 3,
    steps: bool = False,
    seed: int = 0,
    height: int = 192,
) -> np.ndarray:
    """Draw samples as the network gets them, with their labels drawn in; one sample a row.

    A row begins with the image before the pipeline changes it.

    Args:
        dataset: Data set with a pipeline, or its config.
        indices: Samples to draw, or a single one; chosen at random if absent.
        num_samples: How many to choose.
        repeats: Times that each one goes through the pipeline, which may draw other random
            numbers each time.
        steps: Draw what each transform makes of the sample, once, instead of ``repeats``.
        seed: Of the choice and of the transforms; sets the global generators.
        height: Height of each image in the picture, in pixels.

    Returns:
        Picture ``(H, W, 3)``, RGB uint8.

    Raises:
        IndexError: There is no such sample.
        TypeError: ``dataset`` is none.
        ValueError: There is nothing to draw.
    """
    if isinstance(dataset, Mapping):
        dataset = DATASETS.build(dict(dataset))
    if not hasattr(dataset, 'full_init'):  # as MMEngine's data sets and wrappers have
        raise TypeError(
            'browse_dataset draws a data set, or its config as cfg.train_dataloader.dataset, '
            f'got {type(dataset).__name__}'
        )
    indices = [indices] if isinstance(indices, int) else indices
    if num_samples < 1 or repeats < 1:
        raise ValueError(f'there is nothing to draw: {num_samples} samples, {repeats} times')
    if height < 16:
        raise ValueError(f'height must be at least 16 pixels, got {height}')
    if steps and not isinstance(dataset, ConcatDataset) and not hasattr(dataset, 'pipeline'):
        raise ValueError(f'steps are not seen in a {type(dataset).__name__}: draw one set of it')
    set_random_seed(seed)  # transforms draw from the global generators
    if indices is None:
        chosen = np.random.default_rng(seed).permutation(len(dataset))[:num_samples]
        indices = sorted(chosen.tolist())
    if not len(indices):
        raise ValueError('there is nothing to draw: no sample is named, or the data set is empty')
    rows = []
    for index in indices:
        if not 0 <= index < len(dataset):
            raise IndexError(f'sample {index} of {len(dataset)}')
        samples = _pass_through(dataset, index)
        if steps:
            samples[0]['caption'] = f'{index}: {samples[0]["caption"]}'
            rows.append(samples)
            continue
        # The label is loaded behind the image, as large as that.
        first = next((s for s in samples if s['label'] is not None), samples[0])
        more = [_pass_through(dataset, index)[-1] for _ in range(repeats - 1)]
        caption = f'{index}: {samples[0]["caption"]}'
        rows.append([first | {'caption': caption}, samples[-1], *more])
    return draw_parsing_rows(rows, _part_names(dataset), height)


def browse_labels(
    source: ParsingSource | Mapping,
    samples: Sequence[tuple[str | Path | None, str]],
    num_samples: int = 16,
    height: int = 192,
) -> np.ndarray:
    """Draw labels over their images, spread evenly over the samples.

    Args:
        source: A label source, or its config.
        samples: Pairs of image file, None for a label without one, and label stem, such as
            ``usable`` of a :class:`LabelReport`.
        num_samples: How many to draw.
        height: Height of each image in the picture, in pixels.

    Returns:
        Picture ``(H, W, 3)``, RGB uint8.

    Raises:
        ValueError: There are no samples.
    """
    if isinstance(source, Mapping):
        source = TRANSFORMS.build(dict(source))
    drawn = []
    for index in spread(len(samples), num_samples):
        path, stem = samples[index]
        if path is None:
            content = source.read(stem)
            label = source.to_label(content, content.shape[-2:])
            image = np.full((*label.shape, 3), 128, np.uint8)
        else:
            results = LoadImage()({'img_path': str(path)})
            label, image = source.load(stem, results), results['img'][..., ::-1]
        drawn.append(dict(image=image, label=label, caption=stem.rpartition('/')[2]))
    return draw_parsing_sheet(drawn, source.groups.part_names, height)


def _sample(results: Mapping, caption: str) -> dict | None:
    """Image and label of a sample between two transforms, or packed; None before it is loaded."""
    if 'img' in results:
        image, label = results['img'][..., ::-1], results.get('gt_seg_map')
    elif 'inputs' in results:
        sample = results['data_samples']
        image, label = to_rgb(results['inputs']), sample.get('gt_sem_seg')
        label = None if label is None else label.numpy()
        caption = f'{"query, " * bool(sample.get("is_query"))}id {sample.get("pid")}'
        if sample.get('camid', -1) >= 0:
            caption += f', cam {sample.camid}'
    else:
        return None
    label = None if label is None else label.copy()  # it may be changed in place
    return dict(image=image.copy(), label=label, caption=caption)


class _Recorder:
    """Pipeline that keeps what each transform makes of image and label."""

    def __init__(self, pipeline: Callable):
        self.transforms = pipeline.transforms if isinstance(pipeline, Compose) else [pipeline]
        self.samples: list[dict] = []

    def __call__(self, results: dict) -> dict | None:
        self._keep(results, '')
        for transform in self.transforms:
            results = transform(results)
            if results is None:
                return None  # the data set says whose fault it is
            self._keep(results, type_name(transform))
        return results

    def _keep(self, results: Mapping, name: str) -> None:
        first = Path(str(results.get('img_path', 'image'))).stem
        sample = _sample(results, name if self.samples else first)
        if sample is not None:
            self.samples.append(sample)


def _pass_through(dataset: BaseDataset, index: int) -> list[dict]:
    """What each step of the pipeline makes of a sample; the last one is packed."""
    if isinstance(dataset, ConcatDataset):
        place, index = dataset._get_ori_dataset_idx(index)
        return _pass_through(dataset.datasets[place], index)
    if hasattr(dataset, 'pipeline'):
        dataset.full_init()
        recorder = _Recorder(dataset.pipeline)
        watched = copy.copy(dataset)
        watched.pipeline = recorder
        watched.prepare_data(index)
        samples = recorder.samples
    else:  # a wrapper, such as RepeatDataset
        samples = [sample for sample in [_sample(dataset[index], '')] if sample is not None]
    if not samples:
        raise ValueError('no transform of the pipeline makes an image')
    return samples


def _part_names(dataset: BaseDataset) -> Sequence[str]:
    source = find_parsing_source(dataset)
    names = getattr(dataset, 'metainfo', {}).get('part_names')
    return names or (source.groups.part_names if source else ())
