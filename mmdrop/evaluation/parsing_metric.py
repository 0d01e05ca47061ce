"""Quality of the predicted parts and of the visibility that follows from them."""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from torch import Tensor

from mmdrop.functional import resize_labels
from mmdrop.registry import METRICS
from mmdrop.structures import IGNORED


@METRICS.register_module()
class ParsingMetric(BaseMetric):
    """How well the predicted parsing agrees with parsing labels of the test images, in percent.

    Labels are compared at the size of the prediction, as in the parsing loss; pixels of label 255
    and images without any other are left out. Reported are

    - ``aAcc``: pixels labelled right, background included;
    - ``mIoU``: mean over background and parts of the intersection over union, and ``IoU_0`` …
      ``IoU_K``, each over the pixels of all images; a class that is in no label and no prediction
      is left out;
    - ``visible_recall``: of the parts that an image's label shows, those that the model takes for
      visible; ``hidden_recall``: of the parts that it does not show, those that the model takes
      for hidden. Each is left out where there is no such part, and ``balanced_recall``, their mean,
      with it: a lower probability everywhere moves one up and the other down.

    The test pipeline has to load labels: put a label source, such as ``LoadKeypointParsing``,
    behind ``LoadImage``, or use ``tools/test.py --parsing``.

    Args:
        collect_device: Device to gather the results of all processes on, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names, ``'parsing'`` if left out.
    """

    default_prefix = 'parsing'

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None):
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Count, for each sample, pixels and parts by what they are and what they were taken for.

        Raises:
            ValueError: A sample has no label or no prediction, or they differ in the parts.
        """
        for sample in data_samples:
            _check(sample)
            prediction, label = sample['pred_sem_seg'].cpu().long(), sample['gt_sem_seg'].cpu()
            label = resize_labels(label[None], prediction.shape)[0]
            known = label != IGNORED
            pixels = _confusion(label[known], prediction[known], sample['num_parts'] + 1)
            parts = torch.zeros(2, 2, dtype=torch.long)
            visible = _part_visibility(sample).cpu()
            if known.any() and len(visible):
                parts = _confusion((pixels.sum(1)[1:] > 0).long(), visible.long(), 2)
            self.results.append((pixels, parts, bool(known.any())))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Add up, log a table and return the scores."""
        num_labelled = sum(row[2] for row in results)
        if not num_labelled:  # no error: it would take the other metrics' scores along
            message = f'ParsingMetric: none of the {len(results)} test images has a parsing label'
            print_log(message, logger='current', level=logging.WARNING)
            return {}
        pixels, parts = (torch.stack([row[i] for row in results]).sum(0).double() for i in (0, 1))
        right = pixels.diagonal()
        iou = 100 * right / (pixels.sum(0) + pixels.sum(1) - right)
        scores = {
            'aAcc': 100 * right.sum() / pixels.sum(),
            'mIoU': iou.nanmean(),
            **{f'IoU_{k}': value for k, value in enumerate(iou)},
            'visible_recall': 100 * parts[1, 1] / parts[1].sum(),
            'hidden_recall': 100 * parts[0, 0] / parts[0].sum(),
        }
        scores['balanced_recall'] = (scores['visible_recall'] + scores['hidden_recall']) / 2
        metrics = {name: score.item() for name, score in scores.items() if not score.isnan()}
        lines = [f'parsing of {num_labelled} labelled images out of {len(results)}']
        lines += [f'{name:16}{score:7.2f}' for name, score in metrics.items()]
        print_log('\n'.join(lines), logger='current')
        return metrics


def _check(sample: dict) -> None:
    path = sample.get('img_path')
    if 'pred_sem_seg' not in sample:
        raise ValueError(f'{path}: the model predicts no parsing, ParsingMetric needs it')
    if 'gt_sem_seg' not in sample:
        raise ValueError(
            f'{path}: no parsing label. Put a label source, such as LoadKeypointParsing, behind '
            'LoadImage of the test pipeline, or use tools/test.py --parsing'
        )
    num_parts = len(_part_visibility(sample)) or sample['num_parts']
    if num_parts != sample['num_parts'] or sample['pred_sem_seg'].max() > num_parts:
        raise ValueError(
            f'{path}: the label source makes {sample["num_parts"]} parts, the model has others. '
            'Set num_parts of the source to that of model.parsing_head'
        )


def _part_visibility(sample: dict) -> Tensor:
    """Which parts the model takes for visible, ``(K,)`` bool; empty if it embeds no parts."""
    names = sample['embedding_names']
    return sample['visibility'][[i for i, name in enumerate(names) if name.startswith('part_')]]


def _confusion(truth: Tensor, found: Tensor, size: int) -> Tensor:
    """How often ``found`` (column) was taken for ``truth`` (row), ``(size, size)`` long."""
    return (truth * size + found).bincount(minlength=size**2).view(size, size)
