"""Functions of tensors that training, evaluation and inference share; they import torch only."""

from .calibration import Calibration, Reliability, fit_calibration, measure_reliability
from .distance import (
    check_hidden,
    mean_over_shared_parts,
    pairwise_part_distance,
    part_distance,
)
from .flat import flat_distance, to_flat
from .gradient import scale_gradient
from .opencv_resize import resize_like_opencv
from .ranking import count_protocol, evaluate_ranking, rank_gallery
from .reranking import KReciprocalReranking, check_reranking
from .resize import resize_bilinear, resize_labels
from .verification import Verification, check_verification, evaluate_verification

__all__ = [
    'Calibration',
    'KReciprocalReranking',
    'Reliability',
    'Verification',
    'check_hidden',
    'check_reranking',
    'check_verification',
    'count_protocol',
    'evaluate_ranking',
    'evaluate_verification',
    'fit_calibration',
    'flat_distance',
    'mean_over_shared_parts',
    'measure_reliability',
    'pairwise_part_distance',
    'part_distance',
    'rank_gallery',
    'resize_bilinear',
    'resize_labels',
    'resize_like_opencv',
    'scale_gradient',
    'to_flat',
]
