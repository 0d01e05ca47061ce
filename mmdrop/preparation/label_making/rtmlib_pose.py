"""Key points by rtmlib: RTMPose and RTMO on ONNX Runtime."""

import os

import numpy as np

from mmdrop.preparation.label_making.base import PoseLabelMaker
from mmdrop.registry import LABEL_MAKERS
from mmdrop.utils import import_extra

_WHERE = (
    'download an ONNX model with 17 body key points from the RTMPose project of mmpose, unpack it, '
    'and pass its .onnx file'
)


@LABEL_MAKERS.register_module()
class RTMPose(PoseLabelMaker):
    """Key points of RTMPose, with the whole image as the person's box, by rtmlib.

    Args:
        onnx_model: The ``.onnx`` file.
        input_size: Width and height that the model was trained with.
        min_score: A joint is known where its score, about 0 to 1, exceeds this number.
        backend: ``'onnxruntime'``, ``'opencv'`` or ``'openvino'``.
        device: ``'cpu'``, ``'cuda'``, …, as rtmlib names it.
        mask_filter: Config of a filter such as ``dict(type='MaskRCNNFilter')``.

    Raises:
        ModuleNotFoundError: rtmlib is not installed.
        FileNotFoundError: The model does not exist.
    """

    solution = 'RTMPose'

    def __init__(
        self,
        onnx_model: str,
        input_size: tuple[int, int] = (192, 256),
        min_score: float = 0.3,
        backend: str = 'onnxruntime',
        device: str = 'cpu',
        mask_filter: dict | None = None,
    ):
        super().__init__(min_score, mask_filter)
        rtmlib = import_extra('rtmlib', 'mmdrop[rtmlib]')
        if not os.path.isfile(onnx_model):  # rtmlib would take it for an address
            raise FileNotFoundError(f'{onnx_model} does not exist: {_WHERE}')
        solution = getattr(rtmlib, self.solution)
        self.model = solution(
            onnx_model, model_input_size=tuple(input_size), backend=backend, device=device
        )

    def find_people(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return read_rtmlib(*self.model(image))


@LABEL_MAKERS.register_module()
class RTMO(RTMPose):
    """Key points of everybody by RTMO, of whom the central person is drawn.

    Arguments as those of :class:`RTMPose`; an RTMO model takes ``input_size=(640, 640)``.
    """

    solution = 'RTMO'


def read_rtmlib(points: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Key points ``(N, 17, 3)`` and the boxes round them, of rtmlib's two arrays.

    rtmlib gives one person of zeros where it finds nobody.
    """
    somebody = scores.max(axis=1, initial=0) > 0
    keypoints = np.concatenate([points, scores[..., None]], axis=2)[somebody]
    boxes = np.concatenate([keypoints[..., :2].min(1), keypoints[..., :2].max(1)], axis=1)
    return keypoints, boxes.reshape(-1, 4)
