"""What is exported: from decoded images to flat codes, with all that lies between."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmdrop.apis.loading import tested_matching
from mmdrop.functional import resize_like_opencv, to_flat
from mmdrop.registry import type_name
from mmdrop.structures import find_embeddings

OUTPUTS = ('code', 'code_visibility', 'embeddings', 'visibility', 'visibility_score')
_KNOWN_RESIZE = {'type', 'scale', 'keep_ratio', 'interpolation', 'backend'}
_KNOWN_PREPROCESSOR = {
    'type',
    'mean',
    'std',
    'bgr_to_rgb',
    'rgb_to_bgr',
    'pad_size_divisor',
    'non_blocking',
}


class ExportGraph(nn.Module):
    """Resize, normalise and embed images as the recipe's test pipeline and model do.

    Args:
        model: The network.
        config: Its recipe.
        embedding_names: Names of the E embeddings.
        parsing: Give the predicted parts too.

    Raises:
        ValueError: The recipe prepares images in a way that the graph cannot.
    """

    def __init__(
        self, model: nn.Module, config: Config, embedding_names: Sequence[str], parsing: bool
    ):
        super().__init__()
        self.model = model.eval()
        self.size = find_size(config)
        mean, std, self.turn = find_normalisation(config)
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)
        self.columns = find_embeddings(tested_matching(config).embeddings, embedding_names)
        self.parsing = parsing

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """From bytes to embeddings.

        Args:
            images: Uint8 BGR, ``(N, H, W, 3)``.

        Returns:
            - ``code``: Flat codes ``(N, E'·C)`` of the E' embeddings that the recipe compares;
            - ``code_visibility``: which of them are visible, bool ``(N, E')``;
            - ``embeddings``: all, ``(N, E, C)``, not normalised;
            - ``visibility``: which are visible, bool ``(N, E)``;
            - ``visibility_score``: ``(N, E)`` in [0, 1];
            - ``parsing``, if wanted: uint8 ``(N, h, w)``.
        """
        small = resize_like_opencv(images, self.size)
        inputs = small.permute(0, 3, 1, 2).float()
        if self.turn:
            inputs = inputs.flip(1)
        features, logits, probabilities = self.model.extract((inputs - self.mean) / self.std)
        found = self.model.reid_head.predict(features, probabilities)
        embeddings, visible, score = found
        shown = visible[:, self.columns]
        code = to_flat(embeddings[:, self.columns], shown)
        outputs = code, shown, embeddings.float(), visible, score.float()
        return (*outputs, logits.argmax(1).to(torch.uint8)) if self.parsing else outputs


def find_size(config: Config) -> tuple[int, int]:
    """Height and width to which a recipe brings its images.

    Raises:
        ValueError: It does more to them than load and resize, or in another way.
    """
    dataset = (config.get('test_dataloader') or {}).get('dataset') or {}
    pipelines = dataset.get('pipeline') or [], config.get('test_pipeline') or []
    steps = next((p for p in pipelines if any(type_name(s).startswith('Load') for s in p)), [])
    steps = [step for step in steps if not type_name(step).startswith('Load')]
    names = [type_name(step) for step in steps]
    if names != ['Resize', 'PackReIDInputs']:
        raise ValueError(f'a graph resizes images alone, but the test pipeline has {names}')
    step = dict(steps[0])
    odd = set(step) - _KNOWN_RESIZE or step.get('keep_ratio')
    if odd or step.get('interpolation', 'bilinear') != 'bilinear' or 'scale' not in step:
        raise ValueError(f'a graph resizes to scale=(width, height), bilinear, and not by {step}')
    width, height = step['scale']
    return height, width


def find_normalisation(config: Config) -> tuple[list[float], list[float], bool]:
    """Mean and deviation of the pixels, and whether BGR is turned to RGB.

    Raises:
        ValueError: The data preprocessor does something else.
    """
    preprocessor: Mapping[str, Any] = config.model.get('data_preprocessor') or {}
    unknown = set(preprocessor) - _KNOWN_PREPROCESSOR
    divisor = preprocessor.get('pad_size_divisor', 1)
    if unknown or divisor != 1 or preprocessor.get('rgb_to_bgr'):
        raise ValueError(f'a graph normalises by mean and std, and not by {dict(preprocessor)}')
    mean = [float(x) for x in preprocessor.get('mean') or (0, 0, 0)]
    std = [float(x) for x in preprocessor.get('std') or (1, 1, 1)]
    return mean, std, bool(preprocessor.get('bgr_to_rgb', False))
