"""Confidence fields by OpenPifPaf, the format of the published labels."""

from pathlib import Path
from urllib.error import URLError

import cv2
import numpy as np
from PIL import Image

from mmdrop.datasets.parsing.part_groups import NUM_CHANNELS
from mmdrop.preparation.label_making.base import LabelMaker, download_error, filter_fields
from mmdrop.registry import LABEL_MAKERS
from mmdrop.utils import import_extra


@LABEL_MAKERS.register_module()
class OpenPifPaf(LabelMaker):
    """The 36 confidence fields of OpenPifPaf, as the paper and BPBReID use them.

    Args:
        checkpoint: Name of an OpenPifPaf checkpoint, or its ``.pkl`` file. Reading it can run
            code, as it is a pickle.
        mask_filter: Config of a filter such as ``dict(type='MaskRCNNFilter')``, by whose mask the
            fields are multiplied; the published labels were made with one.

    Raises:
        ModuleNotFoundError: openpifpaf is not installed.
        FileNotFoundError: The checkpoint's file does not exist.
        RuntimeError: The checkpoint can be neither found nor downloaded.
    """

    suffix = '.npy'

    def __init__(self, checkpoint: str = 'shufflenetv2k16', mask_filter: dict | None = None):
        openpifpaf = import_extra('openpifpaf', 'openpifpaf')
        super().__init__(mask_filter)
        if checkpoint.endswith('.pkl') and not Path(checkpoint).is_file():
            raise FileNotFoundError(f'{checkpoint} does not exist: it should be a checkpoint file')
        try:
            self.predictor = openpifpaf.Predictor(checkpoint=checkpoint)
        except URLError as error:
            url = openpifpaf.network.factory.CHECKPOINT_URLS.get(checkpoint, checkpoint)
            raise download_error(url, error, 'checkpoint=FILE.pkl') from error

    def make(self, image: np.ndarray, stem: str) -> np.ndarray:
        fields = self._run(image)
        if self.mask_filter is not None:
            fields = filter_fields(fields, self.mask_filter.find_mask(image))
        return fields.astype(np.float32)

    def _run(self, image: np.ndarray) -> np.ndarray:
        predictor = self.predictor
        picture = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
        padded, _, meta = predictor.preprocess(picture, [], None)
        (heads,) = predictor.processor.fields_batch(
            predictor.model, padded[None], device=predictor.device
        )
        fields = read_fields(*(np.asarray(head) for head in heads[:2]))
        corner = -np.asarray(meta['offset'])  # of the image in the padded one
        return cut_padding(fields, padded.shape[-2:], image.shape[:2], tuple(corner))


def cut_padding(
    fields: np.ndarray,
    padded: tuple[int, int],
    shape: tuple[int, int],
    corner: tuple[float, float],
) -> np.ndarray:
    """Fields that cover an image, of those that cover it and the padding round it.

    The first and last cells of OpenPifPaf's fields lie on the first and last pixels of the padded
    image. Those of the result lie as :class:`LoadPifPafFields` takes them: they divide the image.

    Args:
        fields: ``(36, h, w)``.
        padded: Height and width of the padded image.
        shape: Height and width of the image.
        corner: x and y of the image's first pixel in the padded one.
    """
    height, width = fields.shape[1:]
    x = (np.arange(width) + 0.5) * shape[1] / width - 0.5 + corner[0]
    y = (np.arange(height) + 0.5) * shape[0] / height - 0.5 + corner[1]
    x = (x * (width - 1) / (padded[1] - 1)).astype(np.float32)
    y = (y * (height - 1) / (padded[0] - 1)).astype(np.float32)
    grid = np.meshgrid(x, y)
    cut = [cv2.remap(f, *grid, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE) for f in fields]
    return np.stack(cut)


def read_fields(cif: np.ndarray, caf: np.ndarray) -> np.ndarray:
    """Confidences ``(36, h, w)`` of the intensity and the association fields.

    OpenPifPaf 0.13 puts the confidence second and gives 8 components for an association; versions
    before it put it first and give 9.

    Args:
        cif: ``(17, 5, h, w)``.
        caf: ``(19, 8 or 9, h, w)``.

    Raises:
        ValueError: The fields have other shapes.
    """
    if cif.shape[:2] != (17, 5) or caf.shape[0] != 19 or caf.shape[1] not in (8, 9):
        raise ValueError(
            'expected fields of 17 × 5 and 19 × 8 or 9 components from OpenPifPaf, got '
            f'{cif.shape} and {caf.shape}: the checkpoint is not one of 17 body key points'
        )
    confidence = 1 if caf.shape[1] == 8 else 0
    fields = np.concatenate([cif[:, confidence], caf[:, confidence]])
    assert len(fields) == NUM_CHANNELS
    return np.nan_to_num(fields).clip(0, 1).astype(np.float32)
