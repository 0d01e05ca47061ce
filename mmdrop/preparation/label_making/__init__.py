"""Make parsing labels from images: by a trained parser, pose models, or key points in a file."""

from mmdrop.preparation.label_making.base import LabelMaker, NoPerson, PoseLabelMaker
from mmdrop.preparation.label_making.batches import BatchLabelMaker
from mmdrop.preparation.label_making.keypoint_file import KeypointFile
from mmdrop.preparation.label_making.make import LabelCounts, find_images, make_parsing_labels
from mmdrop.preparation.label_making.model_parts import find_model_groups
from mmdrop.preparation.label_making.pifpaf import OpenPifPaf
from mmdrop.preparation.label_making.rtmlib_pose import RTMO, RTMPose
from mmdrop.preparation.label_making.torchvision_models import KeypointRCNN, MaskRCNNFilter
from mmdrop.preparation.label_making.trained_parser import TrainedParser

__all__ = [
    'RTMO',
    'BatchLabelMaker',
    'KeypointFile',
    'KeypointRCNN',
    'LabelCounts',
    'LabelMaker',
    'MaskRCNNFilter',
    'NoPerson',
    'OpenPifPaf',
    'PoseLabelMaker',
    'RTMPose',
    'TrainedParser',
    'find_images',
    'find_model_groups',
    'make_parsing_labels',
]
