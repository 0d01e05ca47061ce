"""Labels by the parser of a trained model, so that a new set needs no key points."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmengine.device import get_device
from torch import Tensor

from mmdrop.datasets.parsing.part_groups import PartGroups
from mmdrop.datasets.parsing.tables import LIMB_INDEX
from mmdrop.engine import load_trained_model
from mmdrop.functional import resize_bilinear
from mmdrop.preparation.label_making.batches import BatchLabelMaker
from mmdrop.preparation.label_making.model_parts import find_model_groups
from mmdrop.registry import LABEL_MAKERS
from mmdrop.structures import IGNORED


@LABEL_MAKERS.register_module(name='DROP')
class TrainedParser(BatchLabelMaker):
    """Labels of the parsing branch of a trained model.

    A label shows the parts of the model's table of parts, each under the index of one of its limbs:
    :class:`LoadParsingMap` with ``mapping='limbs'`` reads it for this table, or one whose parts are
    made of whole ones of it.

    Args:
        model: Name of a model of the zoo, or a model file; or, with ``weights``, a config.
        weights: Checkpoint of a config.
        threshold: A pixel whose most probable class is less probable is uncertain; 0 for none.
        uncertain: ``'ignored'``: no parsing loss reads such a pixel (255); ``'background'``.
        batch_size: Images that the model sees at once.
        device: Device; a GPU if there is one and none is named.

    Raises:
        FileNotFoundError: There is no such model or checkpoint.
        ValueError: The model has no parser, or an argument is out of range.
    """

    def __init__(
        self,
        model: str = 'drop_lite0',
        weights: str | None = None,
        threshold: float = 0.5,
        uncertain: str = 'ignored',
        batch_size: int = 64,
        device: str | None = None,
    ):
        super().__init__()
        if not 0 <= threshold < 1:
            raise ValueError(f'threshold must be a probability in [0, 1), got {threshold}')
        if uncertain not in ('ignored', 'background'):
            raise ValueError(f"uncertain must be 'ignored' or 'background', got {uncertain!r}")
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        trained = load_trained_model(model, weights)
        self._groups = find_model_groups(trained.config, model)
        self.threshold = threshold
        self.uncertain = IGNORED if uncertain == 'ignored' else 0
        self.batch_size = batch_size
        self.model = trained.model.to(device or get_device()).eval()
        self.prepare_image = _Prepare(trained.array_pipeline)
        # Background, then one limb for each part.
        self.indices = torch.tensor(
            [0, *(LIMB_INDEX[part.limbs[0]] for part in self._groups.parts)], dtype=torch.uint8
        )

    @property
    def groups(self) -> PartGroups:
        return self._groups

    @torch.no_grad()
    def make_batch(
        self, inputs: Sequence[Tensor], shapes: Sequence[tuple[int, int]]
    ) -> list[np.ndarray]:
        data = self.model.data_preprocessor(dict(inputs=list(inputs)))
        _, logits, _ = self.model.extract(data['inputs'])
        probabilities = logits.float().softmax(1).cpu()  # (B, K+1, h, w)
        return [
            self._to_label(probability, shape)
            for probability, shape in zip(probabilities, shapes, strict=True)
        ]

    def _to_label(self, probabilities: Tensor, shape: tuple[int, int]) -> np.ndarray:
        """Index map ``(H, W)`` of class probabilities ``(K+1, h, w)``."""
        largest, classes = resize_bilinear(probabilities[None], shape)[0].max(0)
        label = self.indices[classes]
        if label.any():  # else nobody was found, however certain that is
            label[largest < self.threshold] = self.uncertain
        return label.numpy()


class _Prepare:
    """The model's test pipeline for a decoded image."""

    def __init__(self, pipeline: Callable[[dict], dict]):
        self.pipeline = pipeline

    def __call__(self, image: np.ndarray) -> Tensor:
        shape = image.shape[:2]
        return self.pipeline(dict(img=image, img_path='', img_shape=shape, ori_shape=shape))[
            'inputs'
        ]
