"""DROP with GWAP, Occluded-Duke; with WAMP the paper reports 76.8 Rank-1, 63.3 mAP (Table 1)."""

from mmengine.config import read_base

from mmdrop.models import WAP

with read_base():
    from ..drop_hrnet32_occduke import *

# Global weighted average pooling, without the maximum (Section 7).
model.reid_head.pooling = dict(type=WAP)
