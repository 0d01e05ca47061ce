"""Losses on part embeddings and on parsing maps."""

from .hct_loss import HCTLoss
from .pct_loss import PCTLoss
from .spatial_smoothed_ce_loss import SpatialSmoothedCELoss

__all__ = ['HCTLoss', 'PCTLoss', 'SpatialSmoothedCELoss']
