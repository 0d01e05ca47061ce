"""Make parsing labels from images: by pose models, or from key points in a file."""

from mmdrop.preparation.label_making.base import LabelMaker, NoPerson, PoseLabelMaker
from mmdrop.preparation.label_making.keypoint_file import KeypointFile
from mmdrop.preparation.label_making.make import LabelCounts, find_images, make_parsing_labels
from mmdrop.preparation.label_making.pifpaf import OpenPifPaf
from mmdrop.preparation.label_making.rtmlib_pose import RTMO, RTMPose
from mmdrop.preparation.label_making.torchvision_models import KeypointRCNN, MaskRCNNFilter

__all__ = [
    'RTMO',
    'KeypointFile',
    'KeypointRCNN',
    'LabelCounts',
    'LabelMaker',
    'MaskRCNNFilter',
    'NoPerson',
    'OpenPifPaf',
    'PoseLabelMaker',
    'RTMPose',
    'find_images',
    'make_parsing_labels',
]
