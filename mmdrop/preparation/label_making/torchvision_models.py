"""Key points and masks by torchvision's detection models."""

import os
import pickle
from typing import Any
from urllib.error import URLError

import numpy as np
import torch
from torch import Tensor, nn

from mmdrop.preparation.label_making.base import (
    NoPerson,
    PoseLabelMaker,
    download_error,
    nearest_to_centre,
)
from mmdrop.registry import LABEL_MAKERS

_PERSON = 1  # of COCO's classes


def build_model(
    builder: Any,
    official: Any,
    weights: str | None,
    device: str | None,
    option: str = 'weights=FILE',
    **options: Any,
) -> nn.Module:
    """A detection model with its COCO weights, in evaluation mode.

    Args:
        builder: Function of :mod:`torchvision.models.detection`.
        official: The published weights, which are looked for in torch's cache and downloaded.
        weights: File to read instead.
        device: Device; a GPU if there is one and none is named.
        option: How the user names a file, for the message.
        options: Further arguments of the builder.

    Raises:
        FileNotFoundError: The file does not exist.
        RuntimeError: The weights can be neither found nor downloaded, or do not fit.
    """
    if weights is not None and not os.path.isfile(weights):
        raise FileNotFoundError(f'{weights} does not exist: it should be {official.url}')
    # Without weights_backbone=None the backbone's would be downloaded.
    model = builder(weights=None, weights_backbone=None, **options)
    source = weights or 'what was downloaded'
    try:
        if weights is None:
            # torchvision itself would download them with weights_only=False.
            state = official.get_state_dict(progress=False, check_hash=True, weights_only=True)
        else:
            state = torch.load(weights, map_location='cpu', weights_only=True)
        model.load_state_dict(state)
    except URLError as error:
        raise download_error(official.url, error, option) from error
    except (RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).partition('\n')[0]
        raise RuntimeError(f'{source} is not {official.url}: {reason}') from error
    # As torchvision sets it where it loads these weights itself.
    for module in model.backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    if device is None:
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    return model.eval().to(device)


class _Detector:
    def __init__(self, model: nn.Module, person_score: float):
        self.model = model
        self.person_score = person_score

    @torch.no_grad()
    def __call__(self, image: np.ndarray) -> dict[str, Tensor]:
        """People in an image ``(H, W, 3)`` BGR: the model's output, on the CPU."""
        device = next(self.model.parameters()).device
        rgb = torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)))
        (found,) = self.model([rgb.to(device).float() / 255])
        people = (found['labels'] == _PERSON) & (found['scores'] >= self.person_score)
        return {key: value[people].cpu() for key, value in found.items()}


@LABEL_MAKERS.register_module()
class KeypointRCNN(PoseLabelMaker):
    """Key points of torchvision's Keypoint R-CNN.

    Args:
        weights: File of ``keypointrcnn_resnet50_fpn_coco-fc266e95.pth``; found in torch's cache or
            downloaded if left out.
        min_score: A joint is known where its score exceeds this number; the scores are logits.
        person_score: Smallest score of a person.
        min_size: Shorter side that images are enlarged to; less is faster.
        device: Device; a GPU if there is one.
        mask_filter: Config of a filter such as ``dict(type='MaskRCNNFilter')``.
    """

    def __init__(
        self,
        weights: str | None = None,
        min_score: float = 2.0,
        person_score: float = 0.5,
        min_size: int = 800,
        device: str | None = None,
        mask_filter: dict | None = None,
    ):
        super().__init__(min_score, mask_filter)
        from torchvision.models import detection  # takes a second, which only this maker needs

        official = detection.KeypointRCNN_ResNet50_FPN_Weights.COCO_V1
        builder = detection.keypointrcnn_resnet50_fpn
        model = build_model(builder, official, weights, device, min_size=min_size)
        self.detect = _Detector(model, person_score)

    def find_people(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return read_keypoint_rcnn(self.detect(image))


def read_keypoint_rcnn(found: dict[str, Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Key points ``(N, 17, 3)`` with their scores, and boxes ``(N, 4)``, of the model's output.

    The third number of its ``keypoints`` is always 1; their certainty is in ``keypoints_scores``.
    Its coordinates count from the corner of the first pixel, those of the result from the centre.
    """
    points = found['keypoints'].numpy().copy()
    points[..., :2] -= 0.5
    points[..., 2] = found['keypoints_scores'].numpy()
    return points, found['boxes'].numpy() - 0.5


@LABEL_MAKERS.register_module()
class MaskRCNNFilter:
    """Mask of the central person by torchvision's Mask R-CNN, to filter labels by.

    BPBReID's published labels are pose fields that were filtered so.

    Args:
        weights: File of ``maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth``; found in torch's cache or
            downloaded if left out.
        person_score: Smallest score of a person.
        threshold: A pixel is the person's where its probability exceeds this number.
        min_size: Shorter side that images are enlarged to; less is faster.
        device: Device; a GPU if there is one.
    """

    def __init__(
        self,
        weights: str | None = None,
        person_score: float = 0.5,
        threshold: float = 0.5,
        min_size: int = 800,
        device: str | None = None,
    ):
        from torchvision.models import detection

        official = detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1
        builder = detection.maskrcnn_resnet50_fpn
        option = 'mask_filter.weights=FILE'
        model = build_model(builder, official, weights, device, option=option, min_size=min_size)
        self.detect = _Detector(model, person_score)
        self.threshold = threshold

    def find_mask(self, image: np.ndarray) -> np.ndarray:
        """Mask ``(H, W)`` bool of the person whose box is nearest to the centre.

        Raises:
            NoPerson: Nobody was found.
        """
        found = self.detect(image)
        if not len(found['boxes']):
            raise NoPerson('no mask was found')
        person = nearest_to_centre(found['boxes'].numpy(), image.shape[:2])
        return found['masks'][person, 0].numpy() > self.threshold
